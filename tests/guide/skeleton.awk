# A file of Rust without the bodies of its functions and without its private functions and tests:
# what is left for a reader to write. It expects the layout of rustfmt.

function flush() { printf "%s", held; held = "" }

/^#\[cfg\(test\)\]/ { exit }
/^impl.* for / { of_trait = 1 }
/^}/ { of_trait = 0 }

# In a body, up to the brace that closes it. A private function goes with its closing brace.
closing != "" {
    if ($0 == closing) {
        if (!private) print
        closing = ""
    }
    next
}
# In a head that goes over lines.
heading {
    if (!private) print
    if (/\{$/) begin_body()
    next
}
/^ *(pub(\([a-z]+\))? )?fn / {
    match($0, /^ */)
    indent = substr($0, 1, RLENGTH)
    private = !/^ *pub / && !of_trait
    if (private) held = ""
    else { flush(); print }
    if (/\{$/) begin_body(); else heading = 1
    next
}
# Blank lines, comments and attributes go where the item after them goes.
/^$|^ *(\/\/\/|#\[)/ { held = held $0 "\n"; next }
{ flush(); print }

function begin_body() {
    heading = 0
    closing = indent "}"
    if (!private) print indent "    unimplemented!()"
}
