/// The files that events are read from. They are read twice: once to count, once to look at an incident's events.
///
/// Standard input is kept in a temporary file until this is freed.
public final class EventSources {
    struct Source {
        /// As the user named it.
        var name: String
        /// Where its bytes are.
        var path: String
    }

    let sources: [Source]
    private let spool: SpoolFile?

    /// Finds the files.
    ///
    /// - Parameter inputs: files, folders (every file in them and in the folders inside, sorted by name), or `-` for standard input.
    public init(_ inputs: [String]) throws {
        var sources: [Source] = []
        var spool: SpoolFile?
        for input in inputs {
            if input == "-" {
                guard spool == nil else { continue }
                let kept = try SpoolFile(copying: FileDescriptor(standardInput: ()))
                spool = kept
                sources.append(Source(name: "-", path: kept.path))
                continue
            }
            switch kind(of: input) {
            case .file: sources.append(Source(name: input, path: input))
            case .missing:
                throw IngestError(
                    .unreadable, "there is no such file or folder", at: input,
                    remedy: "check the path; it is read from the current folder")
            case .folder:
                let files = try files(inFolder: input, depth: 0)
                guard !files.isEmpty else {
                    throw IngestError(.empty, "there is no file in this folder", at: input)
                }
                sources += files.map { Source(name: $0, path: $0) }
            }
        }
        self.sources = sources
        self.spool = spool
    }
}

extension EventSources.Source {
    /// Hands the plain bytes to `body`, decompressed where the file is compressed.
    ///
    /// - Returns: how it was compressed.
    @discardableResult
    func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Compression {
        let file = try FileDescriptor(reading: path)
        var block = [UInt8](repeating: 0, count: 1 << 20)
        var filled = try fill(&block, from: file)
        let compression = Compression(magic: block.prefix(filled))
        func feed(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
            while filled > 0 {
                try block.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<filled])) }
                filled = try fill(&block, from: file)
            }
        }
        switch compression {
        case .none: try feed(body)
        case .gzip:
            var gzip = try GzipDecompressor()
            try feed { try gzip.decompress($0, body) }
            try requireComplete(gzip.isComplete, "gzip", test: "gzip -t")
        case .zstd:
            var zstd = try ZstdDecompressor()
            try feed { try zstd.decompress($0, body) }
            try requireComplete(zstd.isComplete, "zstd", test: "zstd -t")
        }
        return compression
    }

    private func fill(_ block: inout [UInt8], from file: borrowing FileDescriptor) throws -> Int {
        try block.withUnsafeMutableBytes { try file.read(into: $0, path: name) }
    }

    private func requireComplete(_ isComplete: Bool, _ format: String, test: String) throws(IngestError) {
        guard !isComplete else { return }
        throw IngestError(
            .damagedCompression, "the \(format) data end too early: the file is cut off", at: name,
            remedy: "fetch it again, and check it with \(test) \(name)")
    }
}
