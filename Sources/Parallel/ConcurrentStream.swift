import Dispatch
import Synchronization

/// Does the same to values that are taken one after the other, several at a time.
///
/// - Parameters:
///   - limit: how many values are taken at most.
///   - workers: how many threads there may be at once; with one, everything happens here and in order.
///   - room: makes what a thread keeps from one value to the next, such as a buffer.
///   - take: takes the next value, `nil` behind the last one; no two threads take at the same time.
///   - body: what to do with it.
/// - Returns: the results in the order in which the values were taken; fewer than `limit` when there are no more.
/// - Throws: the error of the first value that has one, be it in taking it or in what is done with it.
public func concurrentMap<Value: Sendable, Room, Output: Sendable>(
    upTo limit: Int, workers: Int, room makeRoom: @Sendable () -> Room,
    taking take: @Sendable (inout Room) throws -> Value?,
    _ body: @Sendable (Value, inout Room) throws -> Output
) throws -> [Output] {
    let turn = Mutex(Turn())
    let results = Mutex([Int: Result<Output, any Error>]())
    @Sendable func work() {
        var room = makeRoom()
        while true {
            let taken = turn.withLock { turn -> (index: Int, value: Result<Value, any Error>)? in
                guard !turn.isEnd, turn.count < limit else { return nil }
                let value = Result { try take(&room) }
                let index = turn.count
                switch value {
                case .success(let value?):
                    turn.count += 1
                    return (index, .success(value))
                case .success(nil):
                    turn.isEnd = true
                    return nil
                case .failure(let error):
                    turn.isEnd = true
                    return (index, .failure(error))
                }
            }
            guard let taken else { return }
            let result = taken.value.flatMap { value in Result { try body(value, &room) } }
            if case .failure = result { turn.withLock { $0.isEnd = true } }
            results.withLock { $0[taken.index] = result }
        }
    }
    if workers > 1, limit > 1 {
        DispatchQueue.concurrentPerform(iterations: min(workers, limit)) { _ in work() }
    } else {
        work()
    }
    return try results.withLock { $0 }.sorted { $0.key < $1.key }.map { try $0.value.get() }
}

/// Whose turn it is.
private struct Turn {
    /// How many values were taken.
    var count = 0
    /// Whether there is none left, or an error ended it.
    var isEnd = false
}
