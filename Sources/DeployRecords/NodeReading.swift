import ConfigTree

extension ConfigNode {
    /// The text of the first of some keys that holds one: not null, not empty.
    func word(_ keys: String...) -> String? {
        for key in keys {
            if let text = self[key]?.plainText { return text }
        }
        return nil
    }

    /// The text at the end of a path of keys.
    func word(at path: String...) -> String? {
        path.reduce(Optional(self)) { node, key in node?[key] }?.plainText
    }

    /// Whether all of some keys are there, whatever they hold.
    func has(_ keys: String...) -> Bool { keys.allSatisfy { entry($0) != nil } }

    /// Whether at least one of some keys is there.
    func hasAny(_ keys: String...) -> Bool { keys.contains { entry($0) != nil } }

    /// Whether it is an object.
    var isObject: Bool {
        if case .mapping = kind { return true }
        return false
    }

    /// Whether a key holds an object.
    func hasObject(_ key: String) -> Bool { self[key]?.isObject ?? false }

    /// Whether a key holds `true`.
    func says(_ key: String) -> Bool { self[key]?.text == "true" }

    /// The elements of a list under a key; none where there is no list.
    func list(_ key: String) -> [ConfigNode] { self[key]?.elements ?? [] }

    /// The texts of a list under a key.
    func words(_ key: String) -> [String] { list(key).compactMap(\.plainText) }

    /// The text of a scalar that says something.
    var plainText: String? {
        guard let scalar, !(scalar.style == .plain && ["null", "~"].contains(scalar.text)) else { return nil }
        let text = scalar.text.trimmed
        return text.isEmpty ? nil : text
    }
}
