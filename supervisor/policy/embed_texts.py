"""Compiles text files into C++: embed_texts.py OUTPUT ROOT FILE... Run by the build."""
import pathlib
import sys


def literals(text):
    """Raw strings in pieces: compilers limit the length of one."""
    size = 8000
    pieces = [text[i:i + size] for i in range(0, len(text), size)] or [""]
    return "\n        ".join('R"pawl-text(%s)pawl-text"' % piece for piece in pieces)


def main():
    output, root, *files = sys.argv[1:]
    rows = []
    for file in files:
        name = pathlib.Path(file).resolve().relative_to(pathlib.Path(root).resolve()).as_posix()
        rows.append('    {"%s",\n        %s},' % (name, literals(pathlib.Path(file).read_text(encoding="utf-8"))))
    pathlib.Path(output).write_text(
        '#include "supervisor/policy/shipped.hpp"\n\nnamespace pawl::policy {\nnamespace {\n\n'
        "constexpr ShippedText table[] = {\n%s\n};\n\n}  // namespace\n\n"
        "std::span<const ShippedText> shipped_texts() { return table; }\n\n}  // namespace pawl::policy\n"
        % "\n".join(rows), encoding="utf-8")


main()
