extension StringProtocol {
    /// Whether a text holds a word, byte by byte: the standard library's search takes Unicode's equivalences into account,
    /// which the words looked for here do not have, and takes twenty times as long.
    func holds(_ word: String) -> Bool {
        let (text, wanted) = (Array(utf8), Array(word.utf8))
        guard let first = wanted.first else { return true }
        guard text.count >= wanted.count else { return false }
        for start in 0...text.count - wanted.count where text[start] == first {
            if text[start..<start + wanted.count].elementsEqual(wanted) { return true }
        }
        return false
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
