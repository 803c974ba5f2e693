/** Starts the page: reads what Python wrote into it, opens the document, draws. */
import { render } from "preact";

function App() {
  return <main>codose</main>;
}

render(<App />, document.getElementById("page")!);
