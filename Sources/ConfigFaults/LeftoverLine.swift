import ConfigTree
import DeployModel

/// F3: lines that stayed behind when the block around them was removed.
///
/// Siblings tell: a block that other files of the same change lost as a whole, and this one lost but for some lines. The
/// lines that stayed join whatever stood above the block.
func findLeftoverLines(in files: [ChangedFile], changes: inout [FoundChange]) {
    let both = files.filter { $0.before != nil && $0.after != nil && $0.after?.format != .json }.map {
        ($0, $0.lines)
    }
    let blocks = both.flatMap { file, lines in
        lines.removals.filter { $0.count >= 3 }.map { range in
            RemovedBlock(path: file.file.path, lines: trimmed(file.before?.lines[range] ?? []))
        }
    }
    guard !blocks.isEmpty else { return }
    let alike = Dictionary(grouping: blocks, by: \.lines)
    let beginnings = Dictionary(
        grouping: alike.keys.sorted { $0.lexicographicallyPrecedes($1) }, by: { $0.first ?? "" })
    for (file, lines) in both {
        guard let before = file.before?.lines, let after = file.after?.lines else { continue }
        let text = trimmed(before[...])
        let old = Set(lines.destination.compactMap { $0 })
        let starts = Dictionary(
            grouping: text.indices.filter { beginnings[text[$0]] != nil }, by: { text[$0] })
        let mayBeHere = starts.keys.flatMap { beginnings[$0] ?? [] }
        for block in mayBeHere.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let paths = (alike[block] ?? []).map(\.path)
            let elsewhere = Set(paths).subtracting([file.file.path]).sorted()
            let here = paths.count { $0 == file.file.path }
            for start in starts[block.first ?? ""] ?? [] where begins(block, text[start...]) {
                // Lines that say nothing may stay, or be taken for those of a neighbour.
                let kept = (start..<start + block.count).filter { saysSomething(text[$0]) }
                    .compactMap { lines.destination[$0] }
                guard !kept.isEmpty, kept.count < block.count, kept.count * 2 <= block.count else { continue }
                // A line between new ones belongs to them, and only looks like one that stayed.
                let stayed = kept.allSatisfy { line in
                    line > 0 && old.contains(line - 1) && (line + 1 >= after.count || old.contains(line + 1))
                }
                guard stayed,
                    !isWholeElsewhere(start..<start + block.count, of: before, after: after, as: lines)
                else { continue }
                record(
                    kept.map { $0 + 1 }, of: block, in: file.file.path,
                    losers: elsewhere.isEmpty ? Array(repeating: file.file.path, count: here) : elsewhere,
                    isOneFile: elsewhere.isEmpty,
                    changes: &changes)
            }
        }
    }
}

/// Whether a line is more than blank or a comment.
private func saysSomething(_ line: String) -> Bool {
    !line.isEmpty && !line.hasPrefix("#") && !line.hasPrefix("//")
}

/// Whether a block may as well have gone as a whole: what seems to have stayed of it is as well a like line of its
/// neighbours.
private func isWholeElsewhere(
    _ block: Range<Int>, of before: [String], after: [String], as lines: LineDifference
) -> Bool {
    let removed = block.count { lines.destination[$0] == nil }
    let without = Array(before[..<block.lowerBound] + before[block.upperBound...])
    return LineDifference(without, after).count <= lines.count - removed
}

private struct RemovedBlock {
    var path: String
    var lines: [String]
}

private func trimmed(_ lines: ArraySlice<String>) -> [String] {
    lines.map { line in
        var rest = line.utf8[...]
        while let first = rest.first, isBlank(first) { rest.removeFirst() }
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return String(Substring(rest))
    }
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
}

private func begins(_ block: [String], _ text: ArraySlice<String>) -> Bool {
    text.count >= block.count && text.prefix(block.count).elementsEqual(block)
}

private func record(
    _ kept: [Int], of block: [String], in path: String, losers: [String], isOneFile: Bool,
    changes: inout [FoundChange]
) {
    guard
        let index = changes.firstIndex(where: { change in
            change.change.path == path
                && kept.contains { (change.change.line...change.change.endLine).contains($0) }
        })
    else { return }
    let places = losers.count + 1
    let short = losers.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
    let shown = Set(short).count == losers.count ? short : losers
    let names =
        shown.prefix(3).joined(separator: " and ") + (shown.count > 3 ? " and \(shown.count - 3) more" : "")
    let lines = kept.map(String.init).joined(separator: ", ")
    changes[index].findings.append(
        FaultFinding(
            // What is kept of many lines may be meant.
            .leftoverLine, weight: losers.count > 1 && kept.count <= 2 ? nil : 0.5,
            "\(losers.count) of the \(places) \(isOneFile ? "places" : "files") that lost this \(block.count)-line block lost all of it"
                + (isOneFile ? "; " : " (\(names)); ")
                + "this one lost \(block.count - kept.count) and kept line \(lines)"))
}

/// Offers mends. A file is read again for each, so that none are where very many keys are doubled.
func offerMends(in changes: inout [FoundChange], files: [ChangedFile]) {
    let doubled = changes.indices.filter { index in
        changes[index].findings.contains { $0.fault == .duplicateKey }
            && changes[index].change.endLine > changes[index].change.line
    }
    // What stands between the markers of a merge is to be settled by whoever knows both sides.
    let unmerged = Set(
        changes.filter { $0.findings.contains { $0.fault == .conflictMarkers } }.map(\.change.path))
    let byFile = Dictionary(grouping: doubled) { changes[$0].change.path }
    for (path, places) in byFile where places.count <= mostMends && !unmerged.contains(path) {
        for place in places { changes[place].mend = mend(of: changes[place], in: files) }
    }
}

private let mostMends = 20

/// The smallest edit that removes a contradiction: lines to delete. Offered only when deleting them takes one of two entries away
/// and nothing else, and leaves the field with the value it had before and no key doubled.
private func mend(of change: FoundChange, in files: [ChangedFile]) -> String? {
    guard
        let file = files.first(where: { $0.file.path == change.change.path }), let after = file.after
    else { return nil }
    func own(_ objects: [Manifest]) -> Manifest? {
        objects.first {
            $0.object.name == change.change.object?.name && $0.object.kind == change.change.object?.kind
        }
    }
    guard let written = own(file.objectsAfter), let key = change.path.last?.name else { return nil }
    let entries = (written.root.node(at: change.path.dropLast())?.entries ?? []).filter { $0.key == key }
    let (first, last) = (change.change.line, change.change.endLine)
    for line in [last, first] {
        guard let entry = entries.first(where: { $0.keyMark.line == line }) else { continue }
        let extent = line...max(line, entry.value.lastLine)
        guard after.lines.indices.contains(extent.upperBound - 1) else { continue }
        var lines = after.lines
        lines.removeSubrange(extent.lowerBound - 1..<extent.upperBound)
        guard let mended = reparsed(lines, as: after), let left = own(manifests(of: mended)),
            let node = left.root.node(at: change.path[...]), !left.root.hasDuplicates,
            isSameValue(left.root, written.root.removing(entry.keyMark))
        else { continue }
        let value = valueText(node, name: change.path.valueName)
        guard change.change.before.map({ $0 == value }) ?? true else { continue }
        let block = extent.count > 1 ? "lines \(extent.lowerBound)-\(extent.upperBound)" : "line \(line)"
        // Where all is as it was, the line that counts for nothing may be the one that is meant.
        return extent.count == 1 && line == first && last == first + 1
            && change.change.before == change.change.after
            ? "delete line \(last), so that line \(first) counts, or line \(first), so that nothing changes"
            : "delete \(block)"
    }
    return nil
}

extension ConfigNode {
    /// The same without the entry whose key stands somewhere.
    fileprivate func removing(_ mark: Mark) -> ConfigNode {
        var copy = self
        switch kind {
        case .scalar: break
        case .sequence(let elements): copy.kind = .sequence(elements.map { $0.removing(mark) })
        case .mapping(let entries):
            copy.kind = .mapping(
                entries.filter { $0.keyMark != mark }.map {
                    var entry = $0
                    entry.value = $0.value.removing(mark)
                    return entry
                })
        }
        return copy
    }
}
