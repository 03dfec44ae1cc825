# Which sources can be compiled as one: prints for each file given the number of its group. Files of a
# group define no name twice at the start of a line, which is where declarations of a namespace stand,
# and a group has at most `most` files. What specialises a template must come before its uses: alone.

function finish(    group, name, clash) {
    for (group = 1; ; ++group) {
        if (size[group] >= (alone ? 1 : most)) continue
        clash = 0
        for (name in names) if ((group, name) in taken) { clash = 1; break }
        if (!clash) break
    }
    size[group] += alone ? most : 1
    for (name in names) taken[group, name] = 1
    print group
    split("", names)
    alone = 0
}

FNR == 1 && NR > 1 { finish() }
/^template <>/ { alone = 1 }
# Parts of a class that several files instantiate.
/^template [a-z]/ && match($0, /[A-Za-z_0-9]+</) { names[substr($0, RSTART, RLENGTH)] = 1 }
# The others of several constants.
/^constexpr / { several = 1 }
several {
    text = $0
    while (match(text, /, *[A-Za-z_0-9]+ = /)) {
        name = substr(text, RSTART + 1, RLENGTH - 4)
        gsub(/ /, "", name)
        names[name] = 1
        text = substr(text, RSTART + RLENGTH)
    }
    if (match(text, /^ +[a-z_0-9]+ = /)) {
        split(text, words, " ")
        names[words[1]] = 1
    }
    if (/;/) several = 0
}
/^#define / {
    sub(/\(.*/, "", $2)
    names[$2] = 1
    next
}
/^(\[\[[a-z]+\]\] )?[A-Za-z]/ && !/^(namespace|template|using namespace|return|public|private|protected|extern "C")/ {
    text = $0
    sub(/^\[\[[a-z]+\]\] /, "", text)
    gsub(/::/, "@", text)
    sub(/[({=;:].*/, "", text)
    sub(/\[.*/, "", text)
    gsub(/ +$/, "", text)
    if (match(text, /[A-Za-z_0-9@]+$/)) {
        name = substr(text, RSTART)
        if (name !~ /@/ && name !~ /^[A-Z_0-9]+$/) names[name] = 1
    }
}
END { finish() }
