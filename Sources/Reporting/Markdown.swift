import DeployModel

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

    /// What comments on GitHub and GitLab's smallest places hold, in characters.
    static let limit = 65_536

    /// Lines as a text that fits into a comment; what is left out is told.
    ///
    /// - Parameter isWhole: whether nothing is left out, for places that hold more.
    static func fitting(_ lines: [String], isWhole: Bool) -> String {
        let whole = lines.joined(separator: "\n") + "\n"
        guard !isWhole, whole.unicodeScalars.count > limit else { return whole }
        let room = limit - 200
        var kept: [String] = []
        var used = 0
        for line in lines {
            used += line.unicodeScalars.count + 1
            guard used <= room else { break }
            kept.append(line)
        }
        // A block that is cut open would take what follows for its own.
        if kept.filter({ $0.hasPrefix("```") }).count % 2 == 1 { kept.append("```") }
        let left = lines.count - kept.count
        return kept.joined(separator: "\n")
            + "\n\n**\(left) more lines are left out**: a comment holds 65,536 characters. `--full` leaves nothing out.\n"
    }

    /// What sets failing events apart, and what they say, as lists.
    static func explanation(_ explanation: Explanation, showsSymptomsOfCauses: Bool = false) -> [String] {
        var lines: [String] = []
        switch explanation.outcome {
        case .none: break
        case .global: lines += ["", "Everywhere alike: no field sets \(explanation.ones) apart."]
        case .causes: lines += ["", "Where \(explanation.ones) are:", ""]
        }
        for cause in explanation.causes {
            let words = cause.predicates.map { code(describe($0)) }.joined(separator: " and ")
            let before = cause.rateBefore.map { "\(Wording.percent($0)) → " } ?? ""
            let pods = cause.pods.isEmpty ? "" : ", \(Wording.counted(cause.pods.count, "pod"))"
            lines.append(
                "- \(words): \(Wording.percent(cause.coverage)) of the excess, \(before)\(Wording.percent(cause.rateAfter)) \(explanation.verb), \(Wording.count(cause.errors)) of \(Wording.count(cause.events)) events\(pods)"
            )
            if showsSymptomsOfCauses { lines += symptoms(cause.symptoms).map { "  \($0)" } }
        }
        if explanation.areNewFailuresFew {
            let looks = explanation.newFailures.prefix(3).map { "\(text($0.field)) \(code($0.value))" }
            let count = Wording.count(explanation.newFailures.reduce(0) { $0 + $1.errors })
            lines += ["", "Told by the \(count) failures that look new: \(looks.joined(separator: ", "))"]
        }
        let areTold = showsSymptomsOfCauses && explanation.outcome == .causes
        guard !explanation.symptoms.isEmpty, !areTold else { return lines }
        return lines + ["", "What they say:", ""] + symptoms(explanation.symptoms)
    }

    private static func symptoms(_ symptoms: [Symptom]) -> [String] {
        symptoms.prefix(5).map { "- \(Wording.count($0.errors)) × \(text($0.field)) \(code($0.value))" }
    }

    static func warnings(_ warnings: [Warning]) -> [String] {
        (warnings.isEmpty ? [] : [""])
            + warnings.map { "- \(text($0.text))\($0.remedy.map { " – \(text($0))" } ?? "")" }
    }
}
