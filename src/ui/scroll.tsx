import type { ComponentChildren } from 'preact';

/** Holds what may be wider than the screen; keys scroll it too. */
export const Scroll = ({ label, children }: { label: string; children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no pointer could not scroll it
  <section class="scroll" aria-label={label} tabIndex={0}>
    {children}
  </section>
);
