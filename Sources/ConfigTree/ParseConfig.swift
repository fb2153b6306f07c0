/// Reads a configuration file as a tree, or as one tree for each of its documents.
///
/// Never fails on what a file says: a document that does not parse carries its ``ConfigDocument/problem`` and
/// an outline, and leaves the other documents as they are.
///
/// - Parameters:
///   - path: from the repository's root; its name tells the format.
///   - contents: the whole file.
/// - Returns: `nil` when it is not configuration that is read as a tree.
public func parseConfig(path: String, contents: [UInt8]) -> ConfigFile? {
    guard let format = configFormat(of: path, contents: contents) else { return nil }
    let source = SourceLines(decodedText(contents))
    let mask = TemplateMask(source, format: format)
    let documents: [ConfigDocument]
    switch format {
    case .yaml: documents = yamlDocuments(source, mask)
    case .json: documents = jsonDocuments(source, mask)
    case .env:
        var lines = EnvLines(mask?.lines ?? source, mask: mask)
        documents = lines.document().map { [$0] } ?? []
    case .toml:
        var parser = TOMLParser(mask?.lines ?? source, mask: mask)
        documents = parser.document().map { [$0] } ?? []
    case .ini:
        var lines = INILines(mask?.lines ?? source, mask: mask)
        documents = lines.document().map { [$0] } ?? []
    case .properties:
        var lines = PropertyLines(mask?.lines ?? source, mask: mask)
        documents = lines.document().map { [$0] } ?? []
    case .hcl:
        var parser = HCLParser(mask?.lines ?? source, mask: mask)
        documents = parser.document().map { [$0] } ?? []
    }
    return ConfigFile(
        path: path, format: format, isTemplate: mask?.isTemplate ?? false, documents: documents,
        lines: (0..<source.count).map(source.text))
}

// MARK: YAML

private func yamlDocuments(_ source: SourceLines, _ mask: TemplateMask?) -> [ConfigDocument] {
    yamlDocumentLines(mask?.lines ?? source).map { yamlDocument($0, source, mask) }
}

/// Cuts at `---` and `...` lines, so that each document can be parsed, and can break, on its own.
private func yamlDocumentLines(_ lines: SourceLines) -> [Range<Int>] {
    var documents: [Range<Int>] = []
    var start = 0
    var hasContent = false
    for index in 0..<lines.count {
        let line = lines.bytes[lines.ranges[index]]
        if isMarker("---", line) {
            // Comments and directives before the first marker belong to the document it opens.
            if hasContent {
                documents.append(start..<index)
                start = index
            }
            hasContent = true
        } else if isMarker("...", line) {
            if hasContent { documents.append(start..<index + 1) }
            start = index + 1
            hasContent = false
        } else if let first = line.first(where: { !$0.isBlank }), first != .hash,
            line.first != UInt8(ascii: "%")
        {
            hasContent = true
        }
    }
    if hasContent { documents.append(start..<lines.count) }
    return documents
}

private func isMarker(_ marker: String, _ line: ArraySlice<UInt8>) -> Bool {
    line.starts(with: marker.utf8) && (line.dropFirst(3).first?.isBlank ?? true)
}

private func yamlDocument(
    _ range: Range<Int>, _ source: SourceLines, _ mask: TemplateMask?
) -> ConfigDocument {
    let lines = range.lowerBound + 1...range.upperBound
    let masked = mask?.lines ?? source
    do throws(ParseFailure) {
        let (root, problem) = try composed(masked, range, source, mask)
        return ConfigDocument(root: root, reading: .parsed, lines: lines, problem: problem)
    } catch {
        // What looks like a template may be plain YAML after all.
        if mask != nil, let (root, problem) = try? composed(source, range, source, mask) {
            return ConfigDocument(root: root, reading: .parsed, lines: lines, problem: problem)
        }
        return ConfigDocument(
            root: Outline.tree(masked, range, mask: mask), reading: .outlined, lines: lines,
            problem: ParseProblem(error, lineOffset: range.lowerBound))
    }
}

private func composed(
    _ lines: SourceLines, _ range: Range<Int>, _ source: SourceLines, _ mask: TemplateMask?
) throws(ParseFailure) -> (root: ConfigNode?, problem: ParseProblem?) {
    let start = lines.ranges[range.lowerBound].lowerBound
    let bytes = lines.bytes[start..<lines.end(withBreak: range.upperBound - 1)]
    var composer = YAMLComposer(source: source, mask: mask, lineOffset: range.lowerBound)
    return try composer.compose(bytes)
}

// MARK: JSON

/// A text that is JSON as it stands is read so; only what is not needs its expressions masked.
private func jsonDocuments(_ source: SourceLines, _ mask: TemplateMask?) -> [ConfigDocument] {
    guard let mask else { return jsonDocuments(source, mask: nil) }
    let masked = jsonDocuments(mask.lines, mask: mask)
    let plain = jsonDocuments(source, mask: nil)
    guard plain.last?.reading != .outlined else { return masked }
    // Where both say the same, the masked reading knows in addition which values are templated.
    let isSame =
        masked.count == plain.count
        && zip(masked, plain).allSatisfy { masked, plain in
            guard let a = masked.root, let b = plain.root else { return false }
            return a.saysSame(as: b)
        }
    return isSame ? masked : plain
}

/// One document for each value; from the first one that does not parse, the rest is outlined.
private func jsonDocuments(_ lines: SourceLines, mask: TemplateMask?) -> [ConfigDocument] {
    var parser = JSONParser(lines.bytes, isLenient: true, mask: mask)
    var documents: [ConfigDocument] = []
    var firstLine = 1
    do throws(ParseFailure) {
        while try !parser.isAtEnd() {
            firstLine = parser.mark().line
            guard let node = try parser.nextValue() else { break }
            documents.append(
                ConfigDocument(root: node, reading: .parsed, lines: node.start.line...node.end.line))
        }
    } catch {
        let outline = Outline.tree(lines, min(firstLine - 1, lines.count)..<lines.count, mask: mask)
        documents.append(
            ConfigDocument(
                root: outline, reading: .outlined, lines: firstLine...max(firstLine, lines.count),
                problem: ParseProblem(error)))
    }
    return documents
}

extension ConfigNode {
    /// Whether two trees have the same keys and the same texts in the same order.
    fileprivate func saysSame(as other: ConfigNode) -> Bool {
        switch (kind, other.kind) {
        case (.scalar(let a), .scalar(let b)): a.text == b.text && a.style == b.style
        case (.sequence(let a), .sequence(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.saysSame(as: $1) }
        case (.mapping(let a), .mapping(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value.saysSame(as: $1.value) }
        default: false
        }
    }
}
