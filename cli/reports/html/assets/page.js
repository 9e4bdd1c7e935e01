(function () {
  "use strict";
  var root = document.documentElement;
  var folds = Array.from(document.querySelectorAll("details[data-fold]"));
  var steppers = Array.from(document.querySelectorAll(".stepper")).map(stepper);
  root.classList.add("js");
  folds.forEach(function (fold) { fold.open = false; });
  document.querySelectorAll(".keys").forEach(function (keys) { keys.hidden = false; });

  function stepper(place) {
    var moments = Array.from(place.querySelectorAll(".moment"));
    var marks = Array.from(place.querySelectorAll(".marks"));
    var ticks = Array.from(place.querySelectorAll(".ticks button"));
    var back = place.querySelector("[data-go=back]");
    var on = place.querySelector("[data-go=on]");
    var count = place.querySelector(".where span");
    var told = place.querySelector(".where .sr");
    var now = 0;

    function show(number, isTold) {
      now = Math.max(0, Math.min(moments.length - 1, number));
      [moments, marks].forEach(function (all) {
        all.forEach(function (one, index) { one.classList.toggle("now", index === now); });
      });
      ticks.forEach(function (tick, index) {
        if (index === now) { tick.setAttribute("aria-current", "step"); } else { tick.removeAttribute("aria-current"); }
      });
      back.disabled = now === 0;
      on.disabled = now === moments.length - 1;
      count.textContent = "Moment " + (now + 1) + " of " + moments.length;
      told.textContent = !isTold ? "" : ": " + moments[now].querySelector("h4").textContent + ". " +
        moments[now].querySelector(".boots").textContent;
    }

    place.querySelector(".controls").hidden = false;
    place.addEventListener("click", function (event) {
      var button = event.target.closest("button[data-go]");
      if (!button) { return; }
      var go = button.dataset.go;
      show(go === "back" ? now - 1 : go === "on" ? now + 1 : Number(go), true);
    });
    show(0, false);
    return {
      place: place,
      key: function (key) {
        var to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: moments.length - 1 }[key];
        show(to, true);
      }
    };
  }

  // The replay that has the focus, else the one that is seen in the middle of the window.
  function meant(target) {
    var middle = window.innerHeight / 2;
    return steppers.find(function (one) { return one.place.contains(target); }) ||
      steppers.find(function (one) {
        var box = one.place.getBoundingClientRect();
        return box.top < middle && box.bottom > middle;
      });
  }

  document.addEventListener("keydown", function (event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    var isEnd = event.key === "Home" || event.key === "End";
    if (!isEnd && event.key !== "ArrowLeft" && event.key !== "ArrowRight") { return; }
    var one = meant(event.target);
    if (!one || event.target.closest("pre, .picture") || (isEnd && !one.place.contains(event.target))) { return; }
    event.preventDefault();
    one.key(event.key);
  });

  function unfold() { folds.forEach(function (fold) { fold.dataset.was = fold.open ? "1" : ""; fold.open = true; }); }
  function refold() { folds.forEach(function (fold) { fold.open = fold.dataset.was === "1"; }); }
  window.addEventListener("beforeprint", unfold);
  window.addEventListener("afterprint", refold);
})();
