import { render } from "preact";
import { applyTheme } from "../shared/theme";
import { Portal } from "./Portal";

applyTheme();
const page = document.querySelector("#page");
if (page !== null) {
  render(<Portal />, page);
}
