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
  render(<App store={new Store(pageData())} />, place);
}

if (typeof document !== "undefined") start();
