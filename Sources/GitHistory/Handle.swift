internal import CLibgit2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One libgit2 object, freed exactly once.
struct Handle: ~Copyable {
    let pointer: OpaquePointer
    private let free: (OpaquePointer) -> Void

    init(_ pointer: OpaquePointer, freedBy free: @escaping (OpaquePointer?) -> Void) {
        self.pointer = pointer
        self.free = { free($0) }
    }

    deinit { free(pointer) }

    /// Calls a constructor that writes a new object through its first argument.
    static func make(
        freedBy free: @escaping (OpaquePointer?) -> Void, _ operation: @autoclosure () -> String,
        _ construct: (inout OpaquePointer?) -> Int32
    ) throws(GitError) -> Handle {
        var pointer: OpaquePointer?
        try Libgit2.check(construct(&pointer), operation())
        guard let pointer else { throw GitError(.other, "cannot \(operation()): libgit2 returned nothing") }
        return Handle(pointer, freedBy: free)
    }
}

extension git_oid {
    /// The 40 digits.
    var hex: String {
        withUnsafeBytes(of: self) { bytes in
            String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
                for (index, byte) in bytes.enumerated() {
                    text[2 * index] = Self.digit(byte >> 4)
                    text[2 * index + 1] = Self.digit(byte & 15)
                }
                return 2 * bytes.count
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    init?(hex: String) {
        self.init()
        guard hex.utf8.count == Int(GIT_OID_HEXSZ), git_oid_fromstr(&self, hex) == 0 else { return nil }
    }
}

/// The first sixteen bytes of a blob's id, which are enough to tell blobs apart.
struct BlobKey: Hashable {
    private var high: UInt64
    private var low: UInt64

    init(_ oid: git_oid) {
        (high, low) = withUnsafeBytes(of: oid) {
            unsafe (
                $0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
    }
}

/// Text of a repository: UTF-8 where it is, else its bytes taken for Latin-1 so that nothing is lost.
func lossyText(_ bytes: UnsafePointer<CChar>?) -> String {
    guard let bytes else { return "" }
    let buffer = UnsafeBufferPointer(start: bytes, count: strlen(bytes))
    return lossyText(buffer.lazy.map { UInt8(bitPattern: $0) })
}

func lossyText(_ bytes: some Collection<UInt8>) -> String {
    String(validating: bytes, as: UTF8.self)
        ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}
