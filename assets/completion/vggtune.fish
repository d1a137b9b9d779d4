# vggtune: completion for fish. vggtune itself says what may stand at the cursor.
function __vggtune_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines ($program --complete-words $words "$current" 2>/dev/null)
    set -l paths $lines[1]
    set -e lines[1]
    if test (count $lines) -gt 0
        printf '%s\n' $lines
    end
    set -l value (string replace -r -- '^--[^=]*=' '' "$current")
    set -l before (string match -r -- '^--[^=]*=' "$current")
    switch "$paths"
        case file
            for path in (__fish_complete_path "$value")
                printf '%s\n' "$before$path"
            end
        case folder
            for path in (__fish_complete_directories "$value" '')
                printf '%s\n' "$before$path"
            end
    end
end
complete -c vggtune -f -a '(__vggtune_complete)'
