// Paper has no lids to lift: what is folded is printed unfolded.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(details => {
  details.dataset.open = details.open;
  details.open = true;
}));
addEventListener("afterprint", () => document.querySelectorAll("details").forEach(details => {
  details.open = details.dataset.open === "true";
}));
