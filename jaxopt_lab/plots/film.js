"use strict";
// Plays every film of the page: each is a slider over frames, and a button that moves the slider.
(() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const SMOOTH = 40, STILLS = 1000;  // milliseconds between two pictures; who asked for less motion sees single stills

  const draw = {
    g(part, steps, frame) {
      const shown = steps.slice(0, frame + 1);
      const [x, y] = shown[shown.length - 1].split(",");
      part.querySelector("polyline").setAttribute("points", shown.join(" "));
      part.querySelector("circle").setAttribute("cx", x);
      part.querySelector("circle").setAttribute("cy", y);
    },
    path(part, steps, frame) { part.setAttribute("d", steps[frame]); },
    text(part, steps, frame) { part.textContent = steps[frame]; },
  };

  function start(film) {
    const { seconds, frames, steps } = JSON.parse(film.querySelector("script").textContent);
    const parts = [...film.querySelectorAll(".part")];
    const [button, slider, output] = ["button", "input", "output"].map(name => film.querySelector(name));
    const last = frames.length - 1;
    let timer = null, touched = false;

    function show(frame) {
      parts.forEach((part, place) => draw[part.localName](part, steps[place], frame));
      slider.value = frame;
      slider.setAttribute("aria-valuetext", frames[frame]);
      output.textContent = frames[frame];
    }

    function stop() {
      clearInterval(timer);
      timer = null;
      button.textContent = "Play";
    }

    function play() {
      const now = Number(slider.value), from = touched && now < last ? now : 0;
      const began = performance.now();
      touched = true;
      button.textContent = "Pause";
      show(from);
      timer = setInterval(() => {
        const frame = Math.min(last, from + Math.floor((performance.now() - began) / 1000 / seconds * last));
        if (frame !== Number(slider.value)) show(frame);
        if (frame === last) stop();
      }, calm.matches ? STILLS : SMOOTH);
    }

    button.addEventListener("click", () => timer === null ? play() : stop());
    slider.addEventListener("input", () => { touched = true; stop(); show(Number(slider.value)); });
    film.querySelectorAll(".controls [hidden]").forEach(control => { control.hidden = false; });
  }

  document.querySelectorAll(".film").forEach(start);
})();
