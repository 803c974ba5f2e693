// Light or dark, as the visitor's system says or as chosen here; kept in this browser only.
(() => {
  const root = document.documentElement;
  const names = ["auto", "light", "dark"];
  const read = () => {
    try {
      const kept = localStorage.getItem("codose-theme");
      return names.includes(kept) ? kept : "auto";
    } catch {
      return "auto";
    }
  };
  const put = (name) => {
    const asked = matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = name === "auto" ? (asked ? "dark" : "light") : name;
    document.querySelectorAll("[data-theme-button]").forEach((button) => {
      button.textContent = "Theme: " + name;
    });
  };
  window.codoseTheme = () => {
    const next = names[(names.indexOf(read()) + 1) % names.length];
    try {
      localStorage.setItem("codose-theme", next);
    } catch {
      // private browsing: the choice lasts for this page
    }
    put(next);
  };
  put(read());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => put(read()));
  addEventListener("load", () => put(read()));
  window.codoseAddress = (text) => history.replaceState(null, "", location.pathname + (text ? "?" + text : ""));
  window.codoseTake = (path) => {
    const link = document.createElement("a");
    link.href = path;
    link.download = "";
    link.click();
  };
  window.codoseCopy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      return true;
    } catch {
      return false;
    }
  };
})();
