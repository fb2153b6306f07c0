import Parallel

/// Does the same to each of some values: where they are many, several threads share them.
///
/// - Parameters:
///   - room: makes what is kept from one value to the next of those that a thread takes in a row.
///   - body: what to do.
/// - Returns: the results in the order of the values.
func mapMany<Value: Sendable, Room, Output: Sendable>(
    _ values: [Value], room makeRoom: @Sendable () -> Room, _ body: @Sendable (Value, inout Room) -> Output
) -> [Output] {
    let workers = availableCores()
    // What is kept in a room is worth more the longer it is kept.
    let size = max(valuesOfPiece, values.count / (4 * workers))
    let pieces = stride(from: 0, to: values.count, by: size).map { $0..<min($0 + size, values.count) }
    let results = concurrentMap(pieces, workers: workers) { piece in
        var room = makeRoom()
        return values[piece].map { body($0, &room) }
    }
    return results.count == 1 ? results[0] : results.flatMap { $0 }
}

/// The same, with nothing kept.
func mapMany<Value: Sendable, Output: Sendable>(
    _ values: [Value], _ body: @Sendable (Value) -> Output
) -> [Output] {
    mapMany(values, room: {}, { value, _ in body(value) })
}

/// Fewer values are hardly worth a thread.
private let valuesOfPiece = 500

/// The same for values that are worth a thread each, if there is enough to do in all.
///
/// - Parameter bytes: of how much text all of it is.
func mapLoad<Value: Sendable, Output: Sendable>(
    _ values: [Value], bytes: Int, _ body: @Sendable (Value) -> Output
) -> [Output] {
    concurrentMap(values, workers: bytes < bytesOfThread ? 1 : availableCores(), body)
}

/// Less text is read sooner than a thread has begun.
private let bytesOfThread = 64 << 10
