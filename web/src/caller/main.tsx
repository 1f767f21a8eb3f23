import { render } from "preact";
import { applyTheme } from "../shared/theme";
import { CallerPage } from "./CallerPage";
import { Telephone } from "./telephone";

applyTheme();
const telephone = new Telephone(decodeURIComponent(location.pathname.split("/").at(-1) ?? ""));
const page = document.querySelector("#page");
if (page !== null) {
  render(<CallerPage telephone={telephone} />, page);
  void telephone.open();
}
