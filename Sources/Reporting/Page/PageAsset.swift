/// The style and the script of a page: constants, with the hashes by which the page's policy admits them and nothing else.
///
/// A test computes the hashes again; `sha256sum` of the text between the tags gives them, in base64.
struct PageAsset: Sendable {
    /// The element that holds it.
    enum Kind: String { case style, script }

    let kind: Kind
    let text: String
    /// SHA-256 of ``text`` in base64.
    let hash: String

    private init(_ kind: Kind, _ text: String, hash: String) {
        self.kind = kind
        self.text = text
        self.hash = hash
    }

    /// What a browser may do with the page: show it, with this style and this script.
    static let policy =
        "default-src 'none'; style-src 'sha256-\(style.hash)'; script-src 'sha256-\(script.hash)'; base-uri 'none'; form-action 'none'"

    /// One accent, for what fails; everything else is ink and paper.
    static let style = PageAsset(
        .style,
        """

        :root {
          color-scheme: light dark;
          --paper: #fcfbf9; --raised: #f4f2ee; --ink: #1c1b19; --muted: #6a665f; --rule: #e2dfd8; --bar: #a9a59c;
          --accent: #b3301c; --wash: #b3301c14; --mark: #b3301c29;
          --text: Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
          --code: "JetBrains Mono", ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #161513; --raised: #201e1b; --ink: #e9e6e0; --muted: #9c978e; --rule: #33302c; --bar: #6d6961;
            --accent: #ff8a70; --wash: #ff8a701a; --mark: #ff8a7038;
          }
        }
        * { box-sizing: border-box; margin: 0; }
        html { -webkit-text-size-adjust: 100%; }
        body { background: var(--paper); color: var(--ink); font: 15px/1.55 var(--text); padding: 40px 24px 56px; }
        header, main, footer { max-width: 880px; margin: 0 auto; }
        code, .place, .value { font-family: var(--code); font-size: .88em; font-variant-ligatures: none; }
        code, td, dd, li, p, h1, h2, h3 { overflow-wrap: anywhere; unicode-bidi: isolate; }
        a { color: inherit; text-decoration-color: var(--bar); text-underline-offset: 3px; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
        h1 { font-size: 27px; line-height: 1.22; font-weight: 650; letter-spacing: -.018em; text-wrap: balance; }
        h2 { font-size: 16px; line-height: 1.4; font-weight: 650; letter-spacing: -.01em; margin: 0 0 12px; }
        h2 .note { font-weight: 400; letter-spacing: 0; margin-left: 8px; }
        h3 { font-size: 14px; font-weight: 600; }
        section { margin-top: 40px; border-top: 1px solid var(--rule); padding-top: 18px; }
        .note, .facts, figcaption, footer, dt, th { color: var(--muted); font-size: 13px; }
        .facts { display: flex; flex-wrap: wrap; gap: 2px 20px; list-style: none; padding: 0; margin-bottom: 36px; }
        .facts strong { color: var(--ink); font-weight: 650; }
        .verdict { color: var(--muted); font-size: 13px; font-weight: 600; margin-bottom: 6px; }
        .blamed { color: var(--accent); }
        .lede { margin-top: 10px; color: var(--muted); }
        .lede code { color: var(--ink); }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 20px 24px; }
        .figures dd { font-size: 21px; line-height: 1.35; font-weight: 600; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }
        .figures dd.note { font-size: 13px; line-height: 1.45; font-weight: 400; letter-spacing: 0; margin-top: 2px; }
        .failing { color: var(--accent); }
        figure { margin-top: 32px; }
        figcaption { margin-top: 8px; display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: baseline; }
        figcaption .end { margin-left: auto; }
        svg { display: block; }
        .timeline { width: 100%; height: 262px; overflow: hidden; }
        .timeline text { font: 11.5px var(--text); fill: var(--muted); font-variant-numeric: tabular-nums; }
        .timeline text.end { text-anchor: end; }
        .timeline text.middle { text-anchor: middle; }
        .timeline text.named { font-family: var(--code); font-weight: 600; fill: var(--ink); }
        .timeline text.halo { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
        .grid { stroke: var(--rule); }
        .base { stroke: var(--bar); }
        .area { fill: var(--mark); }
        .line { fill: none; stroke: var(--accent); stroke-width: 1.5px; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
        .volume { fill: var(--rule); }
        .incident { fill: var(--wash); }
        .onset { fill: var(--mark); }
        .point { overflow: visible; }
        .deploy line { stroke: var(--bar); stroke-width: 1.5px; }
        .deploy path { fill: var(--muted); }
        .deploy rect { fill: transparent; }
        .deploy:hover line, .deploy:focus line { stroke: var(--ink); }
        .deploy:hover path, .deploy:focus path { fill: var(--ink); }
        .deploy.chosen line { stroke: var(--ink); stroke-dasharray: 3 3; }
        .deploy.chosen path { fill: var(--ink); }
        .hidden, .timeline .fine { display: none; }
        .timeline.near .fine { display: inline; }
        .timeline.near .coarse { display: none; }
        button { font: inherit; color: var(--ink); background: none; border: 1px solid var(--rule); border-radius: 4px; padding: 2px 10px; cursor: pointer; }
        button[aria-pressed=true] { background: var(--raised); }
        table { border-collapse: collapse; width: 100%; }
        th { text-align: left; font-weight: 400; padding: 0 16px 6px 0; vertical-align: bottom; white-space: nowrap; }
        td { padding: 6px 16px 6px 0; vertical-align: top; border-top: 1px solid var(--rule); }
        th:last-child, td:last-child { padding-right: 0; }
        .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        .when { white-space: nowrap; font-variant-numeric: tabular-nums; }
        .bars td { border: 0; padding: 3px 16px 3px 0; vertical-align: middle; }
        .bars .track { width: 46%; }
        .bars .number { width: 5.5em; padding-right: 16px; }
        .bars td:last-child { padding-right: 0; }
        .bar { width: 100%; height: 10px; background: var(--raised); border-radius: 2px; }
        .bar rect { fill: var(--bar); }
        .bar.most rect { fill: var(--accent); }
        .cause + .cause { margin-top: 22px; }
        .cause h3, .cause .note { margin-bottom: 6px; }
        table + .note { margin-top: 8px; }
        .plain { list-style: none; padding: 0; }
        .change { border-top: 1px solid var(--rule); padding: 16px 0 18px; display: grid; grid-template-columns: 52px minmax(0, 1fr); }
        .change:first-of-type { border-top: 0; padding-top: 0; }
        .score { font-size: 21px; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; color: var(--muted); }
        .score.high { color: var(--accent); }
        .place { font-weight: 600; }
        .place .note { font-family: var(--text); font-weight: 400; margin-left: 8px; }
        .field { margin-top: 2px; }
        .values { display: grid; grid-template-columns: 58px minmax(0, 1fr); margin: 10px 0; background: var(--raised); border-radius: 4px; padding: 8px 12px; gap: 4px 0; }
        .values dt { line-height: 1.7; }
        .values ins, .values del { text-decoration: none; background: var(--mark); border-radius: 2px; padding: 1px 2px; margin: 0 -2px; }
        .values em { font-family: var(--text); color: var(--muted); }
        .reasons { padding-left: 18px; }
        .reasons li::marker { color: var(--bar); }
        .mend { margin-top: 8px; }
        summary { cursor: pointer; color: var(--muted); font-size: 13px; margin-top: 10px; }
        details[open] > summary { margin-bottom: 10px; }
        details table { font-size: 13px; }
        dl.terms { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 6px 20px; }
        .warnings li + li { margin-top: 10px; }
        footer { margin-top: 48px; border-top: 1px solid var(--rule); padding-top: 14px; }
        @media (max-width: 640px) {
          body { padding: 22px 16px 40px; }
          h1 { font-size: 23px; }
          .facts { margin-bottom: 26px; }
          .timeline text.odd, .timeline.near text.odd { display: none; }
          .wide { display: none; }
          .figures { grid-template-columns: 1fr 1fr; gap: 18px 16px; }
          .figures dd { font-size: 18px; }
          .change { grid-template-columns: 40px minmax(0, 1fr); }
          .score { font-size: 17px; line-height: 1.45; }
          .bars .track { width: 36%; }
          .bars .number { width: 4.2em; padding-right: 0; }
          td, th { padding-right: 10px; }
        }
        @media print {
          :root { --paper: #fff; --raised: #f4f4f2; --ink: #000; --muted: #555; --rule: #ccc; --bar: #999; --accent: #a02512; --wash: #a0251214; --mark: #a0251229; }
          body { padding: 0; font-size: 10.5pt; }
          section { margin-top: 24px; }
          h2 { break-after: avoid; }
          .figures { grid-template-columns: repeat(4, 1fr); }
          section, .change, figure { break-inside: avoid; }
          section.changes { break-inside: auto; }
          details::details-content { content-visibility: visible; block-size: auto; }
          button { display: none; }
        }

        """, hash: "H6ppMEuj4BKysZ0DEN8G6Q/n5/mkOus9YpvEqHwM2jg=")

    /// Looks closer at an incident. The page says all it has to say without it.
    static let script = PageAsset(
        .script,
        """

        "use strict";
        for (const figure of document.querySelectorAll("figure")) {
          const timeline = figure.querySelector(".timeline"), plot = figure.querySelector(".plot");
          const buttons = figure.querySelector(".closer");
          if (!timeline || !plot || !buttons) continue;
          const show = (from, to) => {
            const times = 1 / (to - from);
            plot.setAttribute("width", 100 * times + "%");
            plot.setAttribute("x", -100 * from * times + "%");
            timeline.classList.toggle("near", times > 1);
          };
          const incidents = [...figure.querySelectorAll("[data-from]")];
          incidents.forEach((incident, index) => {
            const from = parseFloat(incident.dataset.from) / 100, to = parseFloat(incident.dataset.to) / 100;
            const button = document.createElement("button");
            button.type = "button";
            button.textContent = incidents.length > 1 ? "Look closer at " + (index + 1) : "Look closer";
            button.setAttribute("aria-pressed", "false");
            button.addEventListener("click", () => {
              const isNear = button.getAttribute("aria-pressed") === "true";
              for (const other of buttons.children) other.setAttribute("aria-pressed", "false");
              button.setAttribute("aria-pressed", String(!isNear));
              if (isNear) show(0, 1); else show(from, to);
            });
            buttons.append(button, " ");
          });
          buttons.classList.remove("hidden");
        }

        """, hash: "+XjXv/9TCTsBXzbrCAKJiQGUJOuXcGDarKyRB/Ii5n0=")
}
