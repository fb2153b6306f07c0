import Synchronization

/// How much the compressed files of a run may unpack to beyond what their sizes let expect: a few kilobytes can stand for terabytes, which would be
/// read for hours.
///
/// Lines that differ in a time and a number are packed thirty times smaller, long ones that hardly differ a few hundred times. Of what is packed
/// smaller than ``mostRatio`` a first part is read all the same: it takes a second or two.
package final class UnpackingAllowance: Sendable {
    /// Plain bytes for each compressed byte that are always read.
    package static let mostRatio = 1000
    /// How many bytes beyond that ratio are read, of all files together.
    package static let freeBytes = 1 << 30

    private let left: Atomic<Int>

    /// - Parameter freeBytes: bytes beyond the ratio that are read.
    package init(freeBytes: Int = UnpackingAllowance.freeBytes) { left = Atomic(freeBytes) }

    /// - Returns: whether so many more bytes may be read.
    fileprivate func take(_ bytes: Int) -> Bool { left.subtract(bytes, ordering: .relaxed).newValue >= 0 }

    static func exhausted(by name: String, packedWith compression: Compression) -> IngestError {
        IngestError(
            .unpacksTooFar,
            "the \(compression.rawValue) data unpack to more than \(mostRatio) times their size: the rest is not read",
            at: name,
            remedy:
                "if they are meant to, unpack them with \(compression.rawValue) -d, and give the plain file")
    }
}

/// What was unpacked of one file.
struct UnpackingMeter {
    private let allowance: UnpackingAllowance
    private var packed = 0, plain = 0
    /// What of it was taken from the allowance.
    private var taken = 0

    init(_ allowance: UnpackingAllowance) { self.allowance = allowance }

    /// Counts a piece.
    ///
    /// - Returns: whether more may be read.
    mutating func count(packed: Int, plain: Int) -> Bool {
        self.packed += packed
        self.plain += plain
        let excess = self.plain - self.packed * UnpackingAllowance.mostRatio
        guard excess > taken else { return true }
        defer { taken = excess }
        return allowance.take(excess - taken)
    }
}
