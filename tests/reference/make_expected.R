# Solutions by lavaan of every case whose options name a shared data file.
suppressMessages({ library(lavaan); library(jsonlite) })
here <- "tests/reference"
measures <- c("npar", "chisq", "df", "pvalue", "baseline.chisq", "baseline.df", "cfi", "tli",
              "logl", "unrestricted.logl", "aic", "bic", "bic2", "rmsea", "rmsea.ci.lower",
              "rmsea.ci.upper", "srmr", "ntotal", "chisq.scaled", "pvalue.scaled",
              "chisq.scaling.factor", "cfi.scaled", "cfi.robust", "tli.robust", "rmsea.robust")
only <- commandArgs(trailingOnly = TRUE)
for (path in dirname(Sys.glob(file.path(here, "*", "options.json")))) {
  options <- fromJSON(file.path(path, "options.json"))
  if (is.null(options$data) || (length(only) && !basename(path) %in% only)) next
  data <- read.csv(file.path(here, "data", paste0(options$data, ".csv")))
  arguments <- list(model = readLines(file.path(path, "model.lav")), data = data,
                    estimator = options$estimator, meanstructure = TRUE, em.h1.tol = 1e-10)
  if (options$fun == "lavaan") arguments$int.ov.free <- TRUE
  for (name in c("missing", "group", "fixed.x", "information")) arguments[[name]] <- options[[name]]
  warned <- character(0)
  started <- proc.time()[[3]]
  fit <- withCallingHandlers(do.call(options$fun, arguments), warning = function(w) {
    warned <<- c(warned, trimws(gsub("\\s+", " ", conditionMessage(w))))
    invokeRestart("muffleWarning")
  })
  found <- fitMeasures(fit)
  rows <- parameterEstimates(fit, remove.eq = TRUE, remove.ineq = TRUE)
  standard <- standardizedSolution(fit)
  place <- function(x) paste(x$lhs, x$op, x$rhs, if (is.null(x$group)) 1 else x$group)
  at <- match(place(rows), place(standard))
  rows$std.all <- standard$est.std[at]
  rows$se.std <- standard$se[at]
  if (is.null(rows$group)) rows$group <- 1L
  if (is.null(rows$label)) rows$label <- ""
  rows <- rows[rows$op != "==" & !(rows$est == 0 & rows$se == 0), ]
  rows$group[rows$group == 0] <- 1L
  keep <- c("lhs", "op", "rhs", "group", "label", "est", "se", "z", "pvalue", "ci.lower",
            "ci.upper", "std.all", "se.std")
  expected <- list(source = unbox(paste("lavaan", packageVersion("lavaan"))),
                   converged = unbox(lavInspect(fit, "converged")),
                   admissible = unbox(suppressWarnings(lavInspect(fit, "post.check"))),
                   warnings = warned, fit = lapply(as.list(found[intersect(measures, names(found))]),
                                                   function(x) unbox(as.numeric(x))),
                   parameters = rows[keep])
  if (!is.null(options$wald)) {
    test <- lavTestWald(fit, gsub(";", "\n", options$wald))
    expected$wald <- list(chisq = unbox(test$stat), df = unbox(test$df))
  }
  if (isTRUE(options$score)) {
    test <- suppressWarnings(lavTestScore(fit))
    expected$score <- list(chisq = unbox(test$test$X2), df = unbox(test$test$df),
                           each = sort(test$uni$X2))
  }
  text <- toJSON(expected, digits = 10, na = "null", dataframe = "rows")
  text <- gsub("},{", "},\n{", text, fixed = TRUE)
  writeLines(text, file.path(path, "expected.json"))
  cat(basename(path), lavInspect(fit, "converged"), round(proc.time()[[3]] - started, 1), "s\n")
}
