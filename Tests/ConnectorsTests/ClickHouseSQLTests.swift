import Connectors
import Testing

@Suite("SQL")
struct SQLTests {
    @Test(
        "texts are literals where a server knows no parameters",
        arguments: [
            ("plain", "'plain'"), ("it's", #"'it\'s'"#), (#"a\b"#, #"'a\\b'"#),
            ("tab\tline\nend\r", #"'tab\tline\nend\r'"#),
            ("\0", #"'\0'"#), ("`\"", "'`\"'"), ("ü🐟", "'ü🐟'"), ("", "''"),
            ("'; DROP TABLE t --", #"'\'; DROP TABLE t --'"#),
            ("{p1:String}", "'{p1:String}'"),
        ])
    func literals(text: String, literal: String) {
        let query: SQL = "SELECT \(text: text)"
        #expect(query.rendered(.literals).query == "SELECT \(literal)")
        #expect(query.rendered(.literals).parameters.isEmpty)
    }

    @Test("texts are parameters where a server knows them, in the escapes of tab-separated values")
    func parameters() {
        let query: SQL = "SELECT \(text: "it's\ta\\b"), \(texts: ["x", "y'z"]), \(text: "2")"
        let rendered = query.rendered(.parameters)
        #expect(rendered.query == "SELECT {p1:String}, {p2:Array(String)}, {p3:String}")
        #expect(rendered.parameters.map(\.name) == ["p1", "p2", "p3"])
        #expect(rendered.parameters.map(\.value) == [#"it's\ta\\b"#, #"['x','y\'z']"#, "2"])
    }

    @Test("names are quoted, numbers are numbers, and parts can be put together")
    func parts() {
        let column: SQL = "\(name: "we`ird\\name")"
        let query: SQL =
            "\(column) > \(-1.5) AND \(column) < \(7) AND \(["a", "b"].map { "\(name: $0)" as SQL }.joined(" OR "))"
        #expect(
            query.rendered(.literals).query
                == #"`we\`ird\\name` > (-1.5) AND `we\`ird\\name` < 7 AND `a` OR `b`"#)
    }
}

@Suite("Types of columns")
struct ColumnTypeTests {
    @Test(
        "are read as the server writes them",
        arguments: [
            ("String", ColumnType.Kind.text, false), ("Nullable(String)", .text, true),
            ("LowCardinality(Nullable(String))", .text, true), ("FixedString(16)", .paddedText, false),
            ("Enum8('a (b)' = 1, 'c' = 2)", .text, false), ("UInt64", .exact, false),
            ("Decimal(18, 4)", .exact, false), ("Nullable(Float32)", .float, true), ("Bool", .bool, false),
            ("Date", .day, false), ("DateTime", .seconds, false),
            ("DateTime('Europe/Berlin')", .seconds, false),
            ("DateTime64(9, 'UTC')", .fractions, false), ("Array(String)", .array, false),
            ("Array(Nullable(UInt8))", .array, false), ("Array(Array(String))", .other, false),
            ("Map(String, String)", .map, false), ("Map(LowCardinality(String), Float64)", .map, false),
            ("Map(UInt8, String)", .other, false), ("Map(String, Array(String))", .other, false),
            ("Tuple(a String, b UInt8)", .other, false),
            ("SimpleAggregateFunction(max, DateTime)", .seconds, false),
        ])
    func types(name: String, kind: ColumnType.Kind, isNullable: Bool) {
        let type = ColumnType(name)
        #expect(type.kind == kind)
        #expect(type.isNullable == isNullable)
    }
}
