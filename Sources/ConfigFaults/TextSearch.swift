extension String {
    /// Whether a text holds a word, byte by byte: the standard library's search takes Unicode's equivalences into account,
    /// which the words looked for here do not have, and takes twenty times as long.
    func holds(_ word: String) -> Bool { find(word.utf8.span, in: utf8.span) != nil }
}

extension Substring {
    /// Where a word stands first, found byte by byte as well.
    func place(of word: String) -> Range<Index>? {
        guard let start = find(word.utf8.span, in: utf8.span) else { return nil }
        let first = utf8.index(startIndex, offsetBy: start)
        return first..<utf8.index(first, offsetBy: word.utf8.count)
    }
}

private func find(_ word: Span<UInt8>, in text: Span<UInt8>) -> Int? {
    guard !word.isEmpty else { return 0 }
    guard text.count >= word.count else { return nil }
    let first = word[0]
    for start in 0...text.count - word.count where text[start] == first {
        var length = 1
        while length < word.count, text[start + length] == word[length] { length += 1 }
        if length == word.count { return start }
    }
    return nil
}

extension UInt8 {
    /// Whether it is a letter, a digit or an underscore.
    var isWord: Bool {
        let lowered = self | 0x20
        return lowered >= UInt8(ascii: "a") && lowered <= UInt8(ascii: "z")
            || self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") || self == UInt8(ascii: "_")
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without the blanks at both ends.
    var trimmed: Substring {
        var rest = drop(while: \.isWhitespace)
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}
