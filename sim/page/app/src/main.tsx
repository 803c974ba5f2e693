/** Starts the page: reads what Python wrote into it, opens the document, draws. */
import { render } from "preact";
import { App } from "./ui/App";
import { pageData } from "./ui/embedded";
import { Store } from "./ui/store";
import { keptTheme, useThisTheme } from "./ui/theme";

function start(): void {
  useThisTheme(keptTheme());
  const place = document.getElementById("page")!;
  place.replaceChildren();
  const data = pageData();
  // A page made for one lesson begins with its story, unless the address has a fragment of its own.
  if (data.story !== null && window.location.hash === "") window.location.hash = `view=class&story=${data.story}`;
  render(<App store={new Store(data)} />, place);
}

if (typeof document !== "undefined") start();
