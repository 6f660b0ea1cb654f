// The compiled parts of Boost.JSON and Boost.URL, once for all programs.
#include <boost/json/src.hpp>
#include <boost/url/src.hpp>
