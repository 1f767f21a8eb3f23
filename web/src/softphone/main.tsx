import { render } from "preact";
import { applyTheme } from "../shared/theme";
import { Softphone } from "./Softphone";

applyTheme();
const page = document.querySelector("#page");
if (page !== null) {
  render(<Softphone />, page);
}
