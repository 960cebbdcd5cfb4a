#include "protocols/transcript_style.h"

namespace unspool {

// Text has a contrast of 4.5 and more. The sides differ by colour, place, rule, glyph and name.
const std::string_view kTranscriptStyle = R"css(
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --ink: #23262b; --quiet: #62666e; --line: #dddad2;
  --client: #1c5a94; --server: #87480f; --lack: #8a1f2d; --lack-paper: #fbeeee;
  --data: ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
  --book: "Iowan Old Style", Charter, "Source Serif 4", Cambria, Georgia, "Liberation Serif", serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #17191d; --ink: #d8dbe0; --quiet: #9ba1ab; --line: #34383f;
    --client: #8bb8ea; --server: #e2b07c; --lack: #f2a3a9; --lack-paper: #33201f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 var(--book);
  font-variant-numeric: lining-nums;
}
h1, header, main, footer { max-width: 66rem; margin: 0 auto; padding: 0 1.5rem 0 10.5rem; }
h1 {
  position: sticky; top: 0; z-index: 1; padding-top: .9rem; padding-bottom: .7rem; background: var(--paper);
  border-bottom: 1px solid var(--line); font-size: 1.25rem; font-weight: 600; line-height: 1.3; overflow-wrap: anywhere;
}
h1 span { color: var(--quiet); font-weight: 400; padding: 0 .3em; }
dl { margin: 1.2rem 0; }
dt, th { color: var(--quiet); font-weight: 400; font-style: italic; text-align: left; }
dt { float: left; width: 7.5rem; margin-left: -9rem; text-align: right; }
dd { margin: 0 0 .15rem; overflow-wrap: anywhere; }
details { margin: 0 0 2rem; color: var(--quiet); max-width: 46rem; }
summary { cursor: pointer; font-style: italic; }
details p { margin: .4rem 0; }
article { position: relative; min-height: 2.7rem; margin: 1.1rem 0; }
article h2 {
  position: absolute; left: -9rem; width: 7.5rem; text-align: right;
  font-variant-caps: small-caps; letter-spacing: .04em;
}
h2 { margin: 0; font-size: 1rem; font-weight: 600; line-height: 1.35; }
h2 i { font-style: normal; font-variant-emoji: text; }
h2 time, h2 small {
  display: block; color: var(--quiet); font-size: .8rem; font-weight: 400; letter-spacing: 0;
  font-variant: normal; font-variant-numeric: tabular-nums lining-nums;
}
.client h2 { color: var(--client); }
.server h2 { color: var(--server); }
.client > :not(h2) { border-left: 2px solid var(--client); padding-left: 1rem; }
.server > :not(h2) { border-left: 4px double var(--server); padding-left: 1rem; margin-left: 2.5rem; }
pre {
  margin: 0; max-width: calc(80ch + 1.3rem); font: .84rem/1.6 var(--data); tab-size: 8;
  white-space: pre-wrap; overflow-wrap: anywhere; overflow: hidden; unicode-bidi: isolate; direction: ltr;
}
pre b {
  border: 1px solid var(--line); border-radius: .25em; padding: 0 .25em; margin: 0 .1em; color: var(--quiet);
  font-weight: 400; font-size: .8em; unicode-bidi: isolate; white-space: nowrap;
}
.hex { max-width: none; white-space: pre; overflow-x: auto; font-size: .8rem; font-variant-ligatures: none; }
.hex i { color: var(--quiet); font-style: normal; }
.gap { margin: 0; padding: .35rem 0; }
.gap span {
  display: block; max-width: 44rem; padding: .35rem .8rem; font-size: .92rem;
  border: 1px dashed var(--lack); background: var(--lack-paper);
}
.gap strong { color: var(--lack); }
main > p { margin: 1.1rem 0; color: var(--quiet); font-style: italic; }
main > p + p { margin-top: -.7rem; }
main > p::before { content: "("; }
main > p::after { content: ")"; }
footer { margin-top: 2.5rem; padding-bottom: 3rem; }
footer h2 { font-size: 1.15rem; border-top: 1px solid var(--line); padding-top: 1.2rem; }
footer p { margin: .5rem 0; }
table { border-collapse: collapse; margin: 1.2rem 0; font-variant-numeric: tabular-nums lining-nums; }
th, td { padding: .25rem 1.6rem .25rem 0; border-bottom: 1px solid var(--line); }
footer small { color: var(--quiet); }
@media (max-width: 48rem) {
  h1, header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .15rem 1rem; }
  dt { width: auto; margin: 0; text-align: left; }
  article h2 { position: static; width: auto; text-align: left; margin-bottom: .2rem; }
  h2 time, h2 small { display: inline; margin-left: .6em; }
  .server h2, .server > :not(h2) { margin-left: 1rem; }
  th, td { padding-right: .8rem; font-size: .85rem; }
}
@media print {
  :root {
    --paper: #fff; --ink: #000; --quiet: #444; --line: #aaa;
    --client: #000; --server: #000; --lack: #000; --lack-paper: #fff;
  }
  body { font-size: 10pt; }
  h1 { position: static; }
  h2 { break-after: avoid; }
  .gap, main > p { break-inside: avoid; }
  details { display: none; }
  pre { font-size: 8.5pt; }
  .hex { font-size: 7pt; white-space: pre-wrap; }
}
)css";

}  // namespace unspool
