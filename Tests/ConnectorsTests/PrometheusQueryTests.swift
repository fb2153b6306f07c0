import DeployModel
import EventIngest
import TestSupport
import Testing

@testable import Connectors
