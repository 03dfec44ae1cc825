#pragma once

#include <string>

namespace elm {

/// `text` with blanks in place of line ends and other control characters: the words of a library,
/// or of a file, in a message.
inline std::string one_line(std::string text) {
    for (char& letter : text) {
        if (static_cast<unsigned char>(letter) < ' ') letter = ' ';
    }
    return text;
}

}  // namespace elm
