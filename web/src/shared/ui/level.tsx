import { useEffect, useRef } from "preact/hooks";
import { watchLevel } from "../meter";

const BARS = 12;

/** Bars that follow the microphone. Drawn past the component tree: sixty renders a second would be for nothing. */
export function Level({ stream }: { readonly stream: MediaStream }) {
  const meter = useRef<HTMLDivElement>(null);
  useEffect(
    () =>
      watchLevel(stream, (level) => {
        const element = meter.current;
        const lit = Math.round(level * BARS);
        if (element !== null && element.getAttribute("aria-valuenow") !== String(lit)) {
          element.setAttribute("aria-valuenow", String(lit));
          Array.from(element.children).forEach((bar, index) => bar.classList.toggle("lit", index < lit));
        }
      }),
    [stream],
  );
  return (
    <div ref={meter} class="level" role="meter" aria-label="Microphone level" aria-valuemin={0} aria-valuemax={BARS} aria-valuenow={0}>
      {Array.from({ length: BARS }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}
