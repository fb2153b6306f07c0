/// Builds the tree of one document from its events: aliases resolved, merge keys expanded, all of it bounded.
struct YAMLComposer {
    /// A tree being built.
    fileprivate struct Frame {
        var isMapping: Bool
        var start: Mark
        var anchor: String?
        var key: Key?
        var entries: [ConfigNode.Entry] = []
        var merged: [ConfigNode.Entry] = []
        var elements: [ConfigNode] = []
        /// How many values stand in it, and how many levels lie below it.
        var size = 1
        var height = 0
        /// The end of the last child: that of a block collection, whose own end has no width.
        var end: Mark
    }

    fileprivate struct Key {
        var text: String
        var mark: Mark
        var isMerge: Bool
    }

    /// A finished tree and how much of the bounds it uses.
    fileprivate struct Built {
        var node: ConfigNode
        var size = 1
        var height = 0
        var isMergeKey = false
    }

    private let source: SourceLines
    private let mask: TemplateMask?
    /// What is added to a line of the document to get the line of the file.
    private let lineOffset: Int
    private var frames: [Frame] = []
    private var anchors: [String: Built] = [:]
    private var aliased = 0
    private var root: ConfigNode?
    /// What did not keep the document from being read, but is wrong with it.
    private var problem: ParseProblem?

    init(source: SourceLines, mask: TemplateMask?, lineOffset: Int) {
        self.source = source
        self.mask = mask
        self.lineOffset = lineOffset
    }

    /// The tree of a text with at most one document; no tree when it is empty.
    mutating func compose(
        _ bytes: ArraySlice<UInt8>
    ) throws(ParseFailure) -> (root: ConfigNode?, problem: ParseProblem?) {
        guard var events = YAMLEvents(bytes, lineOffset: lineOffset) else {
            throw ParseFailure("there is no memory for a parser", at: Mark(line: 1, column: 1))
        }
        while true {
            let event = try events.next()
            let start = insideFile(inFile(events.start))
            switch event {
            case .scalar(let text, let style, let properties):
                let end = lastCharacter(before: inFile(events.end), from: start)
                add(scalar(text, style, properties, start: start, end: end), anchor: properties.anchor)
            case .alias(let name):
                add(alias(name, start: start, end: lastCharacter(before: inFile(events.end), from: start)))
            case .open(let isMapping, _, let properties):
                guard frames.count < depthLimit else {
                    throw ParseFailure(
                        "nests deeper than \(depthLimit) levels", at: events.start, code: .tooDeep)
                }
                frames.append(
                    Frame(isMapping: isMapping, start: start, anchor: properties.anchor, end: start))
            case .close(let isFlow):
                close(end: isFlow ? lastCharacter(before: inFile(events.end), from: start) : nil)
            case .documentStart, .documentEnd: break
            case .streamEnd: return (root, problem)
            }
        }
    }

    private func inFile(_ mark: Mark) -> Mark { Mark(line: mark.line + lineOffset, column: mark.column) }

    /// An empty value at the end of a text stands behind its last line; it is told at the end of that line.
    private func insideFile(_ mark: Mark) -> Mark {
        guard mark.line > source.count, source.count > 0 else { return mark }
        return Mark(line: source.count, column: source.width(source.count - 1) + 1)
    }

    /// The place of the last character before a place, blank lines passed over.
    private func lastCharacter(before mark: Mark, from start: Mark) -> Mark {
        if mark.column > 1 { return max(start, Mark(line: mark.line, column: mark.column - 1)) }
        var line = mark.line - 1
        while line > start.line, line <= source.count, source.isBlank(line - 1) { line -= 1 }
        guard line >= start.line, line <= source.count else { return start }
        return max(start, Mark(line: line, column: max(1, source.width(line - 1))))
    }
}

// MARK: Nodes

extension YAMLComposer {
    private func scalar(
        _ text: String, _ style: YAMLEvent.Style, _ properties: YAMLEvent.Properties, start: Mark, end: Mark
    ) -> Built {
        let (restored, isTemplated) = mask?.restored(text) ?? (text, false)
        var scalar = ConfigNode.Scalar(
            text: restored, style: style == .plain ? .plain : .quoted, isTemplated: isTemplated)
        let tag = properties.tag
        if let tag, tag == "!" || tag == "tag:yaml.org,2002:str" {
            scalar.style = .quoted
        } else if let tag, tag.hasPrefix("!") {
            // A local tag names a function of the reader (`!Ref x`): it is part of what the value says.
            scalar.text = restored.isEmpty ? tag : "\(tag) \(restored)"
        }
        let isMergeKey = text == "<<" && style == .plain && tag == nil
        return Built(node: ConfigNode(.scalar(scalar), start: start, end: end), isMergeKey: isMergeKey)
    }

    /// The tree that an alias stands for, or its own text where there is none or it would grow too large.
    private mutating func alias(_ name: String, start: Mark, end: Mark) -> Built {
        guard let anchored = anchors[name] else {
            note("alias *\(name) names no anchor before it", at: start)
            return written(name, start: start, end: end)
        }
        guard aliased + anchored.size <= aliasLimit, frames.count + anchored.height < depthLimit else {
            note(
                "aliases stand for more than \(aliasLimit) values or nest deeper than \(depthLimit) levels",
                at: start)
            return written(name, start: start, end: end)
        }
        aliased += anchored.size
        var built = anchored
        built.node = ConfigNode(anchored.node.merged().kind, start: start, end: end)
        return built
    }

    private func written(_ name: String, start: Mark, end: Mark) -> Built {
        let text = mask?.restored(name).text ?? name
        let scalar = ConfigNode.Scalar(text: "*\(text)", style: .plain)
        return Built(node: ConfigNode(.scalar(scalar), start: start, end: end))
    }

    private mutating func note(_ text: String, at mark: Mark) {
        if problem == nil { problem = ParseProblem(text: text, mark: mark) }
    }

    private mutating func close(end: Mark?) {
        guard let frame = frames.popLast() else { return }
        // What is written here stands last, so that it wins over what was merged in.
        let kind: ConfigNode.Kind =
            frame.isMapping ? .mapping(frame.merged + frame.entries) : .sequence(frame.elements)
        let node = ConfigNode(kind, start: frame.start, end: end ?? frame.end)
        add(Built(node: node, size: frame.size, height: frame.height + 1), anchor: frame.anchor)
    }

    private mutating func add(_ built: Built, anchor: String? = nil) {
        if let anchor { anchors[anchor] = built }
        guard var frame = frames.popLast() else {
            // An empty document is read as an empty plain scalar.
            let isNothing = built.node.scalar.map { $0.style == .plain && $0.text.isEmpty } ?? false
            if root == nil, !isNothing { root = built.node }
            return
        }
        frame.size += built.size
        frame.height = max(frame.height, built.height)
        frame.end = max(frame.end, built.node.end)
        if !frame.isMapping {
            frame.elements.append(built.node)
        } else if let key = frame.key {
            frame.key = nil
            frame.add(built.node, key: key.text, at: key.mark, branch: branch(key.mark), merge: key.isMerge)
        } else {
            frame.key = key(built)
        }
        frames.append(frame)
    }

    private func key(_ built: Built) -> Key {
        let node = built.node
        let text = node.text ?? source.text(from: node.start, through: node.end)
        return Key(text: text, mark: node.start, isMerge: built.isMergeKey)
    }

    private func branch(_ mark: Mark) -> Int { mask?.branch(ofLine: mark.line) ?? 0 }
}

extension YAMLComposer.Frame {
    /// Adds an entry; what a merge key brings is set apart, of a list the first last, since the first wins.
    fileprivate mutating func add(_ value: ConfigNode, key: String, at mark: Mark, branch: Int, merge: Bool) {
        let parts = value.elements.isEmpty ? [value] : value.elements
        let canMerge = parts.allSatisfy { if case .mapping = $0.kind { true } else { false } }
        guard merge, canMerge else {
            entries.append(ConfigNode.Entry(key: key, keyMark: mark, value: value, branch: branch))
            return
        }
        for part in parts.reversed() {
            for entry in part.merged().entries {
                var entry = entry
                entry.branch = branch
                merged.append(entry)
            }
        }
    }
}

extension ConfigNode {
    /// The same tree with all entries marked as having come in from elsewhere.
    fileprivate func merged() -> ConfigNode {
        var copy = self
        switch kind {
        case .scalar: break
        case .sequence(let elements): copy.kind = .sequence(elements.map { $0.merged() })
        case .mapping(let entries):
            copy.kind = .mapping(
                entries.map { entry in
                    var entry = entry
                    entry.isMerged = true
                    entry.value = entry.value.merged()
                    return entry
                })
        }
        return copy
    }
}
