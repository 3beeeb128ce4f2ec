# Makes a table of files to compile in:
#   cmake -DMANIFEST=page.manifest -DTABLE=page_assets -DOUT=dir/page -P embed.cmake
# A line of the manifest is "path type file".  "@ASSETS@" in a path, and in
# index.html, becomes /assets/ and a hash of all files.  Writes OUT.S (the bytes
# and their gzip'd twins, read-only), OUT.c (the table) and the files in OUT.d.
get_filename_component(here ${MANIFEST} DIRECTORY)
file(STRINGS ${MANIFEST} lines REGEX "^[^#]")
set(all "")
foreach(line ${lines})
	separate_arguments(word UNIX_COMMAND "${line}")
	list(GET word 2 file)
	file(SHA256 ${here}/${file} sum)
	string(APPEND all "${file} ${sum}\n")
endforeach()
string(SHA256 all "${all}")
string(SUBSTRING ${all} 0 12 all)
set(assets "/assets/${all}")

file(MAKE_DIRECTORY ${OUT}.d)
set(asm "\t.section .rodata\n")
set(decl "")
set(rows "")
set(n 0)
foreach(line ${lines})
	separate_arguments(word UNIX_COMMAND "${line}")
	list(GET word 0 path)
	list(GET word 1 type)
	list(GET word 2 file)
	string(REPLACE "@ASSETS@" "${assets}" path "${path}")
	set(copy ${OUT}.d/${n})
	if(file MATCHES "index\\.html$")
		file(READ ${here}/${file} text)
		string(REPLACE "@ASSETS@" "${assets}" text "${text}")
		file(WRITE ${copy} "${text}")
	else()
		configure_file(${here}/${file} ${copy} COPYONLY)
	endif()
	execute_process(COMMAND gzip -9nc ${copy} OUTPUT_FILE ${copy}.gz
		COMMAND_ERROR_IS_FATAL ANY)
	file(SHA256 ${copy} sum)
	string(SUBSTRING ${sum} 0 16 sum)
	foreach(twin "" ".gz")
		set(symbol ${TABLE}_${n})
		if(twin)
			string(APPEND symbol _gz)
		endif()
		string(APPEND asm "\t.globl ${symbol}, ${symbol}_end\n${symbol}:\n"
			"\t.incbin \"${copy}${twin}\"\n${symbol}_end:\n\t.byte 0\n")
		string(APPEND decl "extern const unsigned char ${symbol}[], ${symbol}_end[];\n")
	endforeach()
	file(SIZE ${copy} size)
	file(SIZE ${copy}.gz gz_size)
	string(APPEND rows "\t{ \"${path}\", \"${type}\", \"\\\"${sum}\\\"\",\n"
		"\t  ${TABLE}_${n}, ${TABLE}_${n}_gz, ${size}, ${gz_size} },\n")
	math(EXPR n "${n} + 1")
endforeach()
string(APPEND asm "\t.section .note.GNU-stack,\"\",%progbits\n")
file(WRITE ${OUT}.S "${asm}")
file(WRITE ${OUT}.c "/* Made by embed.cmake. */\n"
	"#include \"daemon/console/assets.h\"\n\n${decl}\n"
	"const struct asset ${TABLE}[] = {\n${rows}"
	"\t{ NULL, NULL, NULL, NULL, NULL, 0, 0 },\n};\n")
