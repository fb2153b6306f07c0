/// Foreign text in Markdown, in a paragraph or in a cell of a table: on one line, and meaning nothing.
enum Markdown {
    /// Text outside of code. Every character that Markdown or GitHub's dialect gives a meaning is escaped: no emphasis, link, image, tag,
    /// reference or cell comes out of it. An empty comment after `@` and `#` keeps `@name` and `#12` from calling people and issues.
    static func text(_ text: String, limit: Int = 300) -> String {
        var result = ""
        let scalars = Array(shortened(text, to: limit).unicodeScalars.drop { $0 == " " })
        let digits = scalars.prefix { ("0"..."9").contains($0) }.count
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            // What begins a list or underlines a heading.
            case _ where index == 0 && ["-", "+", "="].contains(scalar): result += "\\\(scalar)"
            case _ where index == digits && digits > 0 && [".", ")"].contains(scalar): result += "\\\(scalar)"
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "@", "#": result += "\(scalar)<!-- -->"
            case "\\", "`", "*", "_", "{", "}", "[", "]", "|", "~", "!", "$": result += "\\\(scalar)"
            // `https://…` and `www.…` become links by themselves, `:name:` a picture.
            case ":" where scalars[index...].dropFirst().first != " ": result += "\\:"
            case "."
            where index >= 3
                && String(String.UnicodeScalarView(scalars[index - 3..<index])).lowercased() == "www":
                result += "\\."
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Text as code. Inside code only its end and the end of a cell mean anything, and neither can be escaped everywhere: a
    /// backtick becomes an apostrophe, and a backslash before a bar is kept from escaping the bar's own.
    static func code(_ text: String, limit: Int = 160) -> String {
        let flat = shortened(text, to: limit).replacing("`", with: "'").replacing("\\|", with: "\\ |")
            .replacing("|", with: "\\|")
        return withoutCommands("`\(flat.isEmpty ? " " : flat)`")
    }

    private static func shortened(_ text: String, to limit: Int) -> String {
        let flat = Wording.harmless(text)
        return flat.count > limit ? String(flat.prefix(limit - 3)) + "…" : flat
    }
}
