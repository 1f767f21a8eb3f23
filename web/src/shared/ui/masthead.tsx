import { useState } from "preact/hooks";
import { post } from "../api";
import { applyTheme, chosenTheme, type Theme } from "../theme";
import type { Me } from "../contract";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "As this computer"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme());
  const choose = (value: Theme): void => {
    applyTheme(value);
    setTheme(value);
  };
  return (
    <label class="theme">
      <span>Colours</span>
      <select value={theme} onChange={(event) => choose(event.currentTarget.value as Theme)}>
        {THEMES.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

async function signOut(): Promise<void> {
  await post("/auth/sign-out").catch(() => undefined);
  location.assign("/");
}

/** `here` is the page's own path, marked in the navigation. */
export function Masthead({ me, here }: { readonly me: Me | null; readonly here: "/softphone" | "/portal" }) {
  const pages = [
    { path: "/softphone", label: "Softphone", shown: me?.roles.includes("agent") ?? false },
    { path: "/portal", label: "Scores", shown: me !== null },
  ];
  return (
    <header class="masthead">
      <p class="brand">
        Clinix<span>Cue</span>
      </p>
      {me !== null && (
        <nav aria-label="Pages">
          {pages
            .filter((page) => page.shown)
            .map((page) => (
              <a key={page.path} href={page.path} aria-current={page.path === here ? "page" : undefined}>
                {page.label}
              </a>
            ))}
        </nav>
      )}
      <div class="who">
        {me !== null && (
          <p>
            <strong>{me.name}</strong>
            <span>{me.practice.name}</span>
          </p>
        )}
        <ThemeChoice />
        {me !== null && (
          <button type="button" class="quiet" onClick={() => void signOut()}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}
