import { expect, it } from "vitest";
import { actionOf, keyLabel, keyShortcut, type Pressed } from "./shortcuts";

const ALT_SHIFT_M: Pressed = {
  code: "KeyM",
  altKey: true,
  shiftKey: true,
  ctrlKey: false,
  metaKey: false,
  repeat: false,
};

it("needs exactly its two modifiers, and no key held down", () => {
  expect(actionOf(ALT_SHIFT_M)).toBe("mute");
  expect(actionOf({ ...ALT_SHIFT_M, altKey: false })).toBeNull();
  expect(actionOf({ ...ALT_SHIFT_M, shiftKey: false })).toBeNull();
  expect(actionOf({ ...ALT_SHIFT_M, ctrlKey: true })).toBeNull();
  expect(actionOf({ ...ALT_SHIFT_M, repeat: true })).toBeNull();
  expect(actionOf({ ...ALT_SHIFT_M, code: "KeyZ" })).toBeNull();
});

it("prints the keys as they are on the keyboard", () => {
  expect(keyShortcut("cue_done")).toBe("Alt+Shift+1");
  expect(keyLabel("mute", "Win32")).toBe("Alt+Shift+M");
  expect(keyLabel("mute", "MacIntel")).toBe("⌥⇧M");
});
