// Documentation
