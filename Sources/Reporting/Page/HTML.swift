/// Markup that is safe by construction.
///
/// There are three ways in: text, which is escaped; attributes, whose names are a list and whose values are escaped; and
/// elements out of a list. Scripts and styles can only be ``PageAsset``s, which are constants.
struct HTML: Sendable {
    /// The markup.
    let markup: String

    private init(markup: String) { self.markup = markup }

    /// Foreign text: what steers or hides is shown as what it is, what means something in markup is escaped, and what is
    /// longer than anybody reads is cut.
    init(text: String, limit: Int = 2000) {
        // The cut comes first: a word of a megabyte costs no more than what is shown of it.
        let scalars = text.unicodeScalars
        let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex)
        let isCut = end.map { $0 != scalars.endIndex } ?? false
        let shown = isCut ? String(scalars[..<(end ?? scalars.endIndex)]) : text
        let tail = isCut ? "… (\(Wording.count(Double(text.utf8.count))) bytes in all)" : ""
        markup = Self.escaped(Wording.harmless(shown)) + tail
    }

    /// Text whose lines stay lines; those beyond the limit are left out, and it is said.
    init(lines text: String, limit: Int = 40) {
        let beginning = String(text.unicodeScalars.prefix(20_000))
        let lines = beginning.split(omittingEmptySubsequences: false) { $0.isNewline }
        let shown = lines.prefix(limit).map { HTML(text: String($0)).markup }.joined(separator: "<br>\n")
        let isWhole = lines.count <= limit && beginning.utf8.count == text.utf8.count
        markup = shown + (isWhole ? "" : "<br>\n… (\(Wording.count(Double(text.utf8.count))) bytes in all)")
    }

    /// An element with attributes and content.
    init(_ tag: Tag, _ attributes: Attribute..., @Builder content: () -> HTML = { HTML(markup: "") }) {
        let inside = content().markup
        let head = "<\(tag.rawValue)\(attributes.map(\.markup).joined())"
        let end = tag.isBlock ? "\n" : ""
        markup =
            tag.isEmpty
            ? "\(head)>\(end)"
            : "\(head)>\(tag.holdsBlocks ? "\n" : "")\(inside)</\(tag.rawValue)>\(end)"
    }

    /// A style or a script of our own.
    init(_ asset: PageAsset) {
        markup = "<\(asset.kind.rawValue)>\(asset.text)</\(asset.kind.rawValue)>\n"
    }

    /// A whole document.
    static func document(head: HTML, body: HTML) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        \(head.markup)</head>
        <body>
        \(body.markup)</body>
        </html>

        """
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Content written as statements: elements, texts, conditions and loops.
    @resultBuilder enum Builder {
        static func buildExpression(_ element: HTML) -> HTML { element }
        static func buildExpression(_ text: String) -> HTML { HTML(text: text) }
        static func buildBlock(_ parts: HTML...) -> HTML { buildArray(parts) }
        static func buildArray(_ parts: [HTML]) -> HTML { HTML(markup: parts.map(\.markup).joined()) }
        static func buildOptional(_ part: HTML?) -> HTML { part ?? HTML(markup: "") }
        static func buildEither(first part: HTML) -> HTML { part }
        static func buildEither(second part: HTML) -> HTML { part }
    }

    /// The elements that a page is made of.
    enum Tag: String {
        case a, article, br, code, dd, del, details, div, dl, dt, em, figcaption, figure, footer, g, h1, h2,
            h3, header
        case ins, li, line, main, meta, nav, ol, p, path, rect, section, span, strong, summary, svg, table,
            tbody, td
        case text, th, thead, time, title, tr, ul

        var isEmpty: Bool { self == .br || self == .meta }

        /// Elements that begin a line of their own, so that a page can be read and compared as text.
        var isBlock: Bool {
            switch self {
            case .a, .br, .code, .del, .em, .ins, .span, .strong, .time: false
            default: true
            }
        }

        var holdsBlocks: Bool {
            switch self {
            case .article, .details, .div, .dl, .figure, .footer, .g, .header, .main, .nav, .ol, .section,
                .svg, .table,
                .tbody, .thead, .tr, .ul:
                true
            default: false
            }
        }
    }

    /// A place in the page that links lead to. Its name is never made of foreign text.
    struct Anchor: Sendable, Hashable {
        let name: String

        init(_ kind: StaticString, _ number: Int? = nil) {
            name = "\(kind)" + (number.map { "-\($0)" } ?? "")
        }
    }

    /// A named attribute with its value.
    struct Attribute {
        fileprivate let markup: String

        private init(_ name: String, _ value: String) { markup = " \(name)=\"\(HTML.escaped(value))\"" }

        /// How it is drawn.
        static func `class`(_ name: StaticString) -> Attribute { Attribute("class", "\(name)") }

        /// The place's name.
        static func id(_ anchor: Anchor) -> Attribute { Attribute("id", anchor.name) }

        /// A link inside the page; there are no others.
        static func link(to anchor: Anchor) -> Attribute { Attribute("href", "#\(anchor.name)") }

        /// A number in the units of the drawing.
        static func number(_ name: NumberName, _ value: Double) -> Attribute {
            Attribute(name.rawValue, Wording.rounded(value, decimals: 2))
        }

        /// A share of the whole drawing, from 0 to 1.
        static func share(_ name: NumberName, _ value: Double) -> Attribute {
            Attribute(name.rawValue, Wording.rounded(value * 100, decimals: 2) + "%")
        }

        /// Words of our own that markup knows.
        static func word(_ name: WordName, _ value: StaticString) -> Attribute {
            Attribute(name.rawValue, "\(value)")
        }

        /// Foreign text, as careful as text elsewhere.
        static func text(_ name: TextName, _ value: String) -> Attribute {
            Attribute(name.rawValue, Wording.harmless(String(value.unicodeScalars.prefix(300))))
        }

        /// The outline of a drawing.
        static func outline(_ steps: [Outline]) -> Attribute {
            Attribute("d", steps.map(\.text).joined(separator: " "))
        }
    }

    /// One step of an outline, in the units of the drawing.
    enum Outline {
        case move(Double, Double)
        case line(Double, Double)
        case close

        fileprivate var text: String {
            func number(_ value: Double) -> String { Wording.rounded(value, decimals: 2) }
            return switch self {
            case .move(let x, let y): "M\(number(x)) \(number(y))"
            case .line(let x, let y): "L\(number(x)) \(number(y))"
            case .close: "Z"
            }
        }
    }

    /// Attributes that take numbers.
    enum NumberName: String {
        case x, y, x1, x2, y1, y2, width, height, colspan
        case from = "data-from"
        case to = "data-to"
    }

    /// Attributes that take words of our own.
    enum WordName: String {
        case viewBox, preserveAspectRatio, charset, name, content, role, scope, open
        case isHidden = "aria-hidden"
        case policy = "http-equiv"
    }

    /// Attributes that take text of any kind.
    enum TextName: String {
        case label = "aria-label"
        case content
        case moment = "datetime"
    }
}
