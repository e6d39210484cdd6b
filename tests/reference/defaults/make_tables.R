# The parameter tables that lavaan's sem(..., fixed.x = FALSE) makes of models.txt.
suppressMessages(library(lavaan))
here <- "tests/reference/defaults"
models <- strsplit(paste(readLines(file.path(here, "models.txt")), collapse = "\n"), "\n\n")[[1]]
tables <- lapply(seq_along(models), function(i) {
  made <- suppressWarnings(lavaanify(
    models[i], meanstructure = TRUE, int.ov.free = TRUE, int.lv.free = FALSE,
    auto.fix.first = TRUE, auto.fix.single = TRUE, auto.var = TRUE, auto.cov.lv.x = TRUE,
    auto.cov.y = TRUE, fixed.x = FALSE
  ))
  made <- made[made$op %in% c("=~", "~", "~~", "~1"), ]
  data.frame(model = i, made[c("lhs", "op", "rhs", "label")], free = as.integer(made$free > 0),
             value = ifelse(made$free > 0, NA, made$ustart))
})
write.csv(do.call(rbind, tables), file.path(here, "tables.csv"), row.names = FALSE, na = "",
          quote = FALSE)
