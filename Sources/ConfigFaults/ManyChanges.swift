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
    let pieces = stride(from: 0, to: values.count, by: valuesOfPiece).map {
        $0..<min($0 + valuesOfPiece, values.count)
    }
    let results = concurrentMap(pieces, workers: availableCores()) { piece in
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
