#pragma once

// Which sanitizer this is built with, whatever the compiler calls it.
#if defined(__SANITIZE_ADDRESS__)
#    define ELM_ADDRESS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#    define ELM_THREAD_SANITIZER 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define ELM_ADDRESS_SANITIZER 1
#    elif __has_feature(thread_sanitizer)
#        define ELM_THREAD_SANITIZER 1
#    endif
#endif
