import Connectors
import DeployModel
import TestSupport
import Testing

@Suite("The address of a server")
struct ServerAddressTests {
    @Test(
        "is read and written",
        arguments: [
            ("http://localhost:9090", "http://localhost:9090/"),
            ("https://prom.example/prometheus/", "https://prom.example/prometheus/"),
            ("HTTPS://[::1]:8123/db/table?a=b", "https://[::1]:8123/db/table?a=b"),
            (
                "http://h/?q=sum by (pod) (x{code=~\"5..\"})",
                "http://h/?q=sum%20by%20%28pod%29%20%28x%7Bcode%3D~%225..%22%7D%29"
            ),
            ("http://h/?q=a%26b%25&r=1+2", "http://h/?q=a%26b%25&r=1%2B2"),
        ])
    func reads(text: String, encoded: String) throws { #expect(try ServerAddress(text).text == encoded) }

    @Test("of a path below another is encoded")
    func appends() throws {
        let address = try ServerAddress("http://h/prometheus/?errors=x")
        #expect(
            address.appending("api/v1/query", [.init("query", "a b")]).text
                == "http://h/prometheus/api/v1/query?query=a%20b")
        #expect(address.appending("1/markers/my data?").place == "http://h/prometheus/1/markers/my%20data%3F")
    }

    @Test(
        "is refused when it is none",
        arguments: [
            "", "h", "ftp://h/", "http://", "http://:80/", "http://h:0/", "http://h:99999/", "http://h:x/",
            "http://a b/", "http://h/?a=%zz", "http://h/a b",
        ])
    func refuses(text: String) {
        let error = #expect(throws: ConnectorError.self) { try ServerAddress(text) }
        #expect(error?.code == .badAddress)
        #expect(error?.remedy != nil)
    }

    @Test(
        "must not hold a password, and does not show it",
        arguments: ["https://me:s3cret@h:9090/x?a=b", "http://s3cret@h/"])
    func refusesPassword(text: String) {
        let error = #expect(throws: ConnectorError.self) { try ServerAddress(text) }
        #expect(error?.problem == "an address must not hold a user or a password")
        #expect(error?.description.contains("s3cret") == false)
    }
}

@Suite("Keys of servers")
struct CredentialTests {
    @Test("come from a variable, or from the file that a variable names")
    func sources() throws {
        #expect(try Credentials(["K": "abc"]).key("K") == "abc")
        #expect(try Credentials(["K": ""]).key("K") == nil)
        try withTemporaryFolder { folder in
            try write("abc\n", to: "\(folder)/key")
            #expect(try Credentials(["K_FILE": "\(folder)/key"]).key("K") == "abc")
        }
    }

    @Test("are one line", arguments: ["\n", "a\nX-Other: b", "a\u{0}b"])
    func oneLine(key: String) {
        let error = #expect(throws: ConnectorError.self) { try Credentials(["K": key]).key("K") }
        #expect(error?.code == .noKey)
        #expect(error?.description.contains("Other") == false)
    }

    @Test("in a file that is not there are an error")
    func missing() {
        let error = #expect(throws: ConnectorError.self) {
            try Credentials(["K_FILE": "/no/such/file"]).key("K")
        }
        #expect(error?.location == "K_FILE=/no/such/file")
    }
}
