// What is wider than the page can be moved by keys too, and is no stop for them where it is not.
const fit = () => document.querySelectorAll(".screen").forEach(each => {
  if (each.scrollWidth > each.clientWidth) each.tabIndex = 0; else each.removeAttribute("tabindex");
});
addEventListener("resize", fit);
fit();

// Paper has no lids to lift: what is folded is printed unfolded.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(details => {
  details.dataset.open = details.open;
  details.open = true;
}));
addEventListener("afterprint", () => document.querySelectorAll("details").forEach(details => {
  details.open = details.dataset.open === "true";
}));
