/// Whether a text may be an id of a commit: 7 to 40 or 64 hexadecimal digits, letters among them as well as
/// numbers unless it is whole, so that neither words (`deadbee`) nor build numbers pass for one.
func isCommitName(_ text: some StringProtocol) -> Bool {
    let bytes = text.utf8
    guard (7...40).contains(bytes.count) || bytes.count == 64,
        bytes.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return false }
    if bytes.count >= 40 { return true }
    return bytes.contains { $0 < 0x3A } && bytes.contains { $0 > 0x60 }
}

/// The ids of commits in a text for people, in its order.
func commitNames(in text: String?) -> [String] {
    guard let text else { return [] }
    return text.split { !$0.isLetter && !$0.isNumber }.filter(isCommitName).map(String.init)
}

/// The tag of an image: `v1.2.3` of `ghcr.io/acme/shop:v1.2.3@sha256:…`; `nil` where it has none. A digest is that
/// of the image, not of a commit.
func imageTag(_ image: String) -> String? {
    let named = image.prefix { $0 != "@" }
    guard let name = named.split(separator: "/").last, let colon = name.firstIndex(of: ":") else {
        return nil
    }
    let tag = name[name.index(after: colon)...]
    return tag.isEmpty ? nil : String(tag)
}

/// The environment that a word names, where it is one of the usual words.
func environmentName(in words: [String]) -> String? {
    let usual: Set = [
        "prod", "production", "live", "staging", "stage", "preprod", "uat", "qa", "test", "testing", "dev",
        "development",
    ]
    return words.first { usual.contains($0.lowercased()) }
}

/// The value of the first of some keys among tags of the form `key:value`.
func tagged(_ keys: String..., in tags: [String]) -> String? {
    for key in keys {
        for tag in tags where tag.hasPrefix(key + ":") {
            let value = tag.dropFirst(key.count + 1)
            if !value.isEmpty { return String(value) }
        }
    }
    return nil
}

/// Whether a text speaks of deploying.
func speaksOfDeploy(_ text: String) -> Bool {
    let text = text.lowercased()
    return ["deploy", "release", "rollout", "roll out", "ship", "promote"].contains { text.contains($0) }
}
