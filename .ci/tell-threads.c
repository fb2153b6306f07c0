// What the sanitizer of threads cannot see by itself: where a mutex of Swift's is waited for, it is taken inside the library that comes with the compiler, which is
// built without the sanitizer. Loaded before that library, this tells of it: what one thread did before it let go, happened before what the next one does.
#include <dlfcn.h>
#include <stdint.h>

__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define swift __attribute__((swiftcall))
#define context __attribute__((swift_context))
#define lockSlow "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define unlockSlow "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

swift void lock(uint32_t thread, context void *handle) __asm__(lockSlow);
swift void unlock(context void *handle) __asm__(unlockSlow);

swift void lock(uint32_t thread, context void *handle) {
  static swift void (*next)(uint32_t, context void *);
  if (!next) next = (swift void (*)(uint32_t, context void *))dlsym(RTLD_NEXT, lockSlow);
  next(thread, handle);
  if (__tsan_acquire) __tsan_acquire(handle);
}

swift void unlock(context void *handle) {
  static swift void (*next)(context void *);
  if (!next) next = (swift void (*)(context void *))dlsym(RTLD_NEXT, unlockSlow);
  if (__tsan_release) __tsan_release(handle);
  next(handle);
}
