// ConfigTree
