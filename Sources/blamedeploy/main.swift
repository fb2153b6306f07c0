import BlameDeployCLI
import CAllocator

blamedeploy_keep_freed_memory()
Program.main()
