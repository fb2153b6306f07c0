import DeployModel
import Testing

@Suite("Templates of messages")
struct MessageTemplateTests {
    @Test(
        "keep words and statuses, and star what changes",
        arguments: [
            ("push failed: 401", "push failed: 401"), ("timeout after 5012 ms", "timeout after * ms"),
            (
                "dial tcp 10.0.0.7:5432: connect: connection refused",
                "dial tcp *: connect: connection refused"
            ),
            ("KeyError: 'tenant_8812'", "KeyError: *"), ("no route to host 7", "no route to host *"),
            ("request 550e8400-e29b-41d4-a716-446655440000 lost", "request * lost"),
            ("user u81723 unknown", "user u* unknown"), ("http2 stream closed", "http2 stream closed"),
            ("unexpected EOF", "unexpected EOF"), ("", ""), ("a\nb\tc", "a b c"),
        ])
    func texts(message: String, template: String) { #expect(MessageTemplate(message).text == template) }

    @Test("two events of one kind have one template")
    func same() {
        let messages = (0..<50).map {
            "context deadline exceeded after \($0 * 37 + 1000)ms (request \($0 * 7919))"
        }
        #expect(Set(messages.map { MessageTemplate($0).text }).count == 1)
    }

    @Test("a template is its own template, and stays short")
    func stable() {
        let long = String(repeating: "word 12345 ", count: 1000)
        let template = MessageTemplate(long).text
        #expect(template.utf8.count < 260)
        for text in [template, "push failed: 401", "lost * of *"] {
            #expect(MessageTemplate(text).text == MessageTemplate(MessageTemplate(text).text).text)
        }
    }
}
