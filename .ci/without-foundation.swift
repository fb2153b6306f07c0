// Stands in for `Utilities/Foundation.swift` of the argument parser where packages are built. The original brings in FoundationEssentials,
// a quarter of the binary, for these two: the text of an error that has one for people, and the encoder behind a hidden option
// that describes all options, which documentation is written from and no user needs.

extension Error {
  func describe() -> String { String(describing: self) }
}

enum JSONEncoder {
  static func encode<T: Encodable>(_ value: T) -> String {
    "The description of all options is not part of packages: build from source with `swift build` to have it."
  }
}
