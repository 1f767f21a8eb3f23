// Drawn on a 24 grid with one stroke. Always beside a word, so hidden from screen readers.

const PATHS = {
  safety: "M12 3 22 20H2L12 3Zm0 6v5m0 3v.5",
  compliance: "M12 3 20 6v6c0 4.5-3.2 7.6-8 9-4.8-1.4-8-4.5-8-9V6l8-3Zm-3.5 9 2.5 2.5 4.5-5",
  coach: "M4 5h16v11H11l-5 4v-4H4V5Zm4 4h8M8 12.5h5",
  phone: "M5 3h4l2 5-2.5 1.8a11 11 0 0 0 5.7 5.7L16 13l5 2v4c0 1-1 2-2 2C10.7 21 3 13.3 3 5c0-1 1-2 2-2Z",
  hangUp: "M2.5 14.5c5-5.7 14-5.7 19 0l-2.3 2.6-4-1.4v-2.6a12 12 0 0 0-6.4 0v2.6l-4 1.4-2.3-2.6Z",
  microphone: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3Zm-6.5 8a6.5 6.5 0 0 0 13 0M12 17.5V21m-4 0h8",
  muted: "M9 9V6a3 3 0 0 1 6 0v5M5.5 11a6.5 6.5 0 0 0 10 5.5M12 17.5V21m-4 0h8M3 3l18 18",
  pause: "M8 5v14M16 5v14",
  deaf: "M6.5 9.5a5.5 5.5 0 0 1 9-4.2M17.5 9.5c0 4-3.5 4.3-4 7.5-.3 2-1.5 4-3.7 4M3 3l18 18",
  tick: "M4.5 12.5 10 18 20 6.5",
  cross: "M6 6l12 12M18 6 6 18",
  dash: "M6 12h12",
  open: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Z",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 7.5V12l3 2",
  captions: "M3 5h18v14H3V5Zm3.5 9h4m3 0h4m-11-3.5h7m3 0h1",
  info: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Zm0 7V16m0-8.5V8",
  warning: "M12 3 22 20H2L12 3Zm0 6v5m0 3v.5",
  error: "M8 3h8l5 5v8l-5 5H8l-5-5V8l5-5Zm4 5v5m0 3v.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
