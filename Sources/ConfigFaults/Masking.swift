/// A value with only its length class left, when its name says that it is a secret.
///
/// Names and keys of secrets are no secrets: `secretKeyRef.key` is shown.
func maskedIfSecret(_ text: String, name: String) -> String {
    guard isSecretName(name), !isHarmlessValue(text) else { return masked(text) }
    return text.isEmpty ? "" : hiddenText
}

/// A name that stands for what is secret whatever it is called: an entry of a Secret.
let secretName = "password"

/// What stands for a secret.
let hiddenText = "••••••"

/// A text without the secrets in it: `password: …`, `"token":"…"`, `--db-password=…`, `name: API_KEY, value: …`,
/// `Bearer …`, and the user's part of URLs and of data source names (RFC 3986, section 3.2.1).
package func masked(_ text: String) -> String {
    guard mayHoldSecrets(text) else { return text }
    let characters = Array(text.unicodeScalars)
    let secrets = (settingSecrets(in: characters) + userSecrets(in: characters))
        .sorted { $0.lowerBound < $1.lowerBound }
    guard !secrets.isEmpty else { return text }
    var shown = String.UnicodeScalarView()
    var next = 0
    for secret in secrets where secret.lowerBound >= next {
        shown.append(contentsOf: characters[next..<secret.lowerBound])
        shown.append(contentsOf: hiddenText.unicodeScalars)
        next = secret.upperBound
    }
    shown.append(contentsOf: characters[next...])
    return String(shown)
}

/// Whether a text has what every secret in a text has: a sign behind the setting's name, the dashes of a flag, the name of
/// a scheme, or the end of the user's part of a URL. Most texts have none, and looking closer is slow.
private func mayHoldSecrets(_ text: String) -> Bool {
    var last: UInt8 = 0
    return text.utf8.contains { byte in
        defer { last = byte }
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "B"): return true
        case UInt8(ascii: "-"): return last == byte
        default: return false
        }
    }
}

/// The values of settings whose names say that they are secret.
private func settingSecrets(in text: [Unicode.Scalar]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var lastName = ""
    var index = 0
    while index < text.count {
        guard isNameScalar(text[index]) else {
            index += 1
            continue
        }
        let start = index
        while index < text.count, isNameScalar(text[index]) { index += 1 }
        guard let value = value(in: text, behind: index, of: text[start..<index]) else { continue }
        let name = string(text[start..<index])
        if name == "name" { lastName = string(text[value]) }
        let isSecret = isSecretName(name) || name == "value" && isSecretName(lastName) || isScheme(name)
        guard isSecret, !isHarmlessValue(string(text[value])) else { continue }
        found.append(value)
        index = value.upperBound
    }
    return found
}

private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
}

/// Where the value behind a name stands: after a sign, or after a blank where the name is a flag or a scheme of
/// authorization.
private func value(in text: [Unicode.Scalar], behind end: Int, of name: ArraySlice<Unicode.Scalar>)
    -> Range<Int>?
{
    var index = end
    func skip(_ isSkipped: (Unicode.Scalar) -> Bool) {
        while index < text.count, isSkipped(text[index]) { index += 1 }
    }
    skip { $0 == "\"" || $0 == "'" || $0 == "\\" }
    skip { $0 == " " }
    guard index < text.count else { return nil }
    if text[index] == "=" || text[index] == ":" {
        index += 1
        // Go templates set their variables with `:=`.
        if index < text.count, text[index] == "=" { index += 1 }
        skip { $0 == " " }
    } else if index == end || !name.starts(with: "--".unicodeScalars) && !isScheme(string(name)) {
        return nil
    }
    while index < text.count, text[index] == "\\" { index += 1 }
    var quote: Unicode.Scalar?
    if index < text.count, text[index] == "\"" || text[index] == "'" {
        quote = text[index]
        index += 1
    }
    let start = index
    let isExpression = index < text.count && (text[index] == "{" || text[index] == "$")
    skip { scalar in
        switch scalar {
        case "\n": false
        case _ where quote != nil: scalar != quote
        case " ", ",", ";", "]", "&", "⏎": false
        case "}": isExpression
        default: true
        }
    }
    while index > start, text[index - 1] == "\\" { index -= 1 }
    return index > start ? start..<index : nil
}

private func isScheme(_ name: String) -> Bool { name == "Bearer" || name == "Basic" }

private func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": true
    default: !scalar.isASCII && scalar.properties.isAlphabetic
    }
}

/// What stands between a colon and an `@`: the password of `user:password@host`. An image's digest follows an `@` too.
private func userSecrets(in text: [Unicode.Scalar]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    // Where the word began, and its first colon.
    var start = 0
    var colon: Int?
    for (at, scalar) in text.enumerated() {
        switch scalar {
        case " ", "\"", "'", "/", ",", "\n", "=", "(", "<": (start, colon) = (at + 1, nil)
        case ":": colon = colon ?? at
        case "@":
            guard let colon, colon > start, colon + 1 < at,
                !text[(at + 1)...].starts(with: "sha256:".unicodeScalars),
                !text[(at + 1)...].starts(with: "sha512:".unicodeScalars), text[colon + 1] != "$"
            else { continue }
            found.append(colon + 1..<at)
        default: break
        }
    }
    return found
}

private let plainNames: Set = [
    "key", "secretname", "secretkeyref", "secret", "secrets", "tokenpath", "keyref",
    // What charts call the names of Secrets that are there already.
    "existingsecret", "existingsecretname", "imagepullsecret", "imagepullsecrets", "tlssecret",
]

private let tellingWords: Set = [
    "password", "passwd", "pwd", "secret", "token", "credential", "credentials", "apikey", "private",
    "passphrase", "dockerconfigjson",
]

func isSecretName(_ name: String) -> Bool {
    guard mayNameSecret(name) else { return false }
    let lowered = name.lowercased()
    let last =
        lowered.utf8.contains(UInt8(ascii: "."))
        ? lowered.split(separator: ".").last.map(String.init) ?? lowered : lowered
    guard !plainNames.contains(last) else { return false }
    let words = FaultWords.split(name)
    if let last = words.last, ["file", "path", "dir", "name", "ref"].contains(last) { return false }
    if words.contains(where: tellingWords.contains) { return true }
    if ["password", "secret", "token", "apikey"].contains(where: lowered.hasSuffix) { return true }
    return words.last == "key" && words.count > 1
}

/// Whether a name holds the beginning of a word that a secret's name has; most hold none, and taking names apart is slow.
private func mayNameSecret(_ name: String) -> Bool {
    let text = name.utf8.span
    for start in text.indices {
        // Lowercasing some letters beyond ASCII gives letters of ASCII.
        guard text[start] < 0x80 else { return true }
        guard start + 2 < text.count else { continue }
        switch (text[start] | 0x20, text[start + 1] | 0x20, text[start + 2] | 0x20) {
        case (UInt8(ascii: "p"), UInt8(ascii: "a"), UInt8(ascii: "s")),
            (UInt8(ascii: "p"), UInt8(ascii: "w"), UInt8(ascii: "d")),
            (UInt8(ascii: "p"), UInt8(ascii: "r"), UInt8(ascii: "i")),
            (UInt8(ascii: "s"), UInt8(ascii: "e"), UInt8(ascii: "c")),
            (UInt8(ascii: "t"), UInt8(ascii: "o"), UInt8(ascii: "k")),
            (UInt8(ascii: "c"), UInt8(ascii: "r"), UInt8(ascii: "e")),
            (UInt8(ascii: "k"), UInt8(ascii: "e"), UInt8(ascii: "y")),
            (UInt8(ascii: "d"), UInt8(ascii: "o"), UInt8(ascii: "c")):
            return true
        default: continue
        }
    }
    return false
}

/// Values that give nothing away whatever they are called: switches, small numbers, references, placeholders, paths.
private func isHarmlessValue(_ text: String) -> Bool {
    text.count <= 2 || ["true", "false", "none", "null"].contains(text.lowercased())
        || text.hasPrefix("${") || text.hasPrefix("{{")
        || text.hasPrefix("{") && text.hasSuffix("}")
            && text.dropFirst().dropLast().allSatisfy { $0.isLetter || $0.isNumber || "_-.".contains($0) }
}
