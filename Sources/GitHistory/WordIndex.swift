internal import CLibgit2
import Synchronization

/// Which files hold which names of variables, so that a history is not searched again at each commit: most files stay what they are.
///
/// A file is known by its blob, a name by half of its hash; files that seem to hold a name are still read.
public final class WordIndex: Sendable {
    private let hashes = Mutex<[BlobKey: [UInt32]]>([:])

    /// An index that knows nothing yet.
    public init() {}

    /// The files that may hold one of the names that are searched for, those among them that were not read yet.
    func candidates(for search: WordSearch, among blobs: [(path: String, oid: git_oid)])
        -> [(path: String, oid: git_oid)]
    {
        guard search.areIndexed else { return blobs }
        let wanted = search.hashes
        return hashes.withLock { hashes in
            blobs.filter { blob in
                guard let known = hashes[BlobKey(blob.oid)] else { return true }
                return wanted.contains { Self.holds(known, $0) }
            }
        }
    }

    /// Whether sorted hashes hold one.
    private static func holds(_ sorted: [UInt32], _ hash: UInt32) -> Bool {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low] == hash
    }

    /// Remembers the hashes of the names in a file.
    func add(_ names: [UInt32], of oid: git_oid) {
        let blob = BlobKey(oid)
        guard hashes.withLock({ $0[blob] == nil }) else { return }
        var sorted: [UInt32] = []
        for name in names.sorted() where name != sorted.last { sorted.append(name) }
        hashes.withLock { $0[blob] = sorted }
    }

    /// Upper-case letters, digits and underscores, four at least: what variables are called.
    static func isIndexed(_ word: some Collection<UInt8>) -> Bool {
        word.count >= leastLength && word.allSatisfy(isNameByte)
    }

    /// How short a name may be.
    static let leastLength = 4

    /// Whether a name may hold a byte.
    @inline(__always)
    static func isNameByte(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 || byte &- 0x30 < 10 || byte == 0x5F }
}
