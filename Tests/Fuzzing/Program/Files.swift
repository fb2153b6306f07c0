#if !FUZZER
    import Foundation

    func read(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: path))) }

    /// Writes some inputs into a folder, by number.
    func write(_ inputs: [[UInt8]], to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (index, input) in inputs.enumerated() {
            try Data(input).write(to: URL(filePath: "\(folder)/\(index)"))
        }
    }
#endif
