/// Buildkite refuses annotations of more than a mebibyte.
private let mostBytes = 900 << 10

/// The body of an annotation, for `buildkite-agent annotate`.
func renderBuildkite(_ result: AnnotatedResult) -> String { cutAtLine(result.markdown, bytes: mostBytes) }

/// Whole lines of a text, so many bytes at most; what is missing is said.
package func cutAtLine(_ text: String, bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    let rest = "\nThe rest is left out: there was no room for it.\n"
    let kept = text.utf8.prefix(max(0, bytes - rest.utf8.count))
    guard let end = kept.lastIndex(of: UInt8(ascii: "\n")) else { return String(rest.dropFirst()) }
    return String(text[...end]) + rest
}
