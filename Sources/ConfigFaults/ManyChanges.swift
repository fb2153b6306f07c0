import Parallel

/// Does the same to each of some values: where they are many, several threads share them.
///
/// - Parameters:
///   - room: makes what is kept from one value to the next of those that a thread takes in a row.
///   - isShared: whether this is done beside others of its kind, which the threads are busy with already.
///   - body: what to do.
/// - Returns: the results in the order of the values.
func mapMany<Value: Sendable, Room, Output: Sendable>(
    _ values: [Value], room makeRoom: @Sendable () -> Room, isShared: Bool = false,
    _ body: @Sendable (Value, inout Room) -> Output
) -> [Output] {
    guard values.count > valuesOfPiece, !isShared else {
        var room = makeRoom()
        return values.map { body($0, &room) }
    }
    let workers = availableCores()
    // What is kept in a room is worth more the longer it is kept.
    let size = max(valuesOfPiece, values.count / (4 * workers))
    let pieces = stride(from: 0, to: values.count, by: size).map { $0..<min($0 + size, values.count) }
    return concurrentMap(pieces, workers: workers) { piece in
        var room = makeRoom()
        return values[piece].map { body($0, &room) }
    }.flatMap { $0 }
}

/// The same, with nothing kept.
func mapMany<Value: Sendable, Output: Sendable>(
    _ values: [Value], isShared: Bool = false, _ body: @Sendable (Value) -> Output
) -> [Output] {
    mapMany(values, room: {}, isShared: isShared, { value, _ in body(value) })
}

/// Fewer values are hardly worth a thread.
private let valuesOfPiece = 500

/// Does the same to each of some values that are worth a thread each, if there is enough to do in all.
///
/// - Parameter bytes: of how much text all of it is.
func mapLoad<Value: Sendable, Output: Sendable>(
    _ values: [Value], bytes: Int, _ body: @Sendable (Value) -> Output
) -> [Output] {
    concurrentMap(values, workers: bytes < bytesOfThread ? 1 : availableCores(), body)
}

/// Less text is read sooner than a thread has begun.
private let bytesOfThread = 64 << 10
