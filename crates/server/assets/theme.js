// Sets the chosen colours before anything is drawn; without a choice the system's are used.
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var chosen = localStorage.getItem("drape-theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch (error) {
    // Storage can be switched off; the system's colours are fine.
  }
})();
